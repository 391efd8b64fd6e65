// What the killed process and its test agree on.

export const producers = 64;

const channels = 8;

export const channelOf = (producer: number): string => `channel/${producer % channels}`;
