// One word for ending a timer that may not be there.

export const cancel = (timer: Disposable | undefined): void => timer?.[Symbol.dispose]();
