// The constants of SQLite's C API that the benchmark uses.
export const OK = 0;
export const BUSY = 5;
export const ROW = 100;
export const DONE = 101;
export const OPEN_READWRITE = 0x2;
export const OPEN_CREATE = 0x4;
