// A type for objects of the public interface while they are made and kept up to date.

/** `T` as its maker sees it: everything can be set, and what is undefined at first is just not there yet. */
export type Growing<T, Later extends keyof T> = { -readonly [Key in Exclude<keyof T, Later>]: T[Key] } & {
  -readonly [Key in Later]?: T[Key];
};
