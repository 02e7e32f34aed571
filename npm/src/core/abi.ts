// The boundary between JavaScript and C++, as include/sahpool/pool_functions.h and src/abi/abi.h declare
// it; see there for what each function does. Made by tools/generate-abi.mjs.

/** Addresses in SQLite's memory. 0 is null. */
export type Pointer = number;

export const ABI_VERSION = 1;
export const ENCODES_CARET = 1;
export const ENCODES_BAR = 2;
export const KNOWS_DRIVE_LETTERS = 4;
export const HOST_ERROR = -1;
export const HOST_FULL = -2;

/** What the C++ exports. */
export interface SideModuleExports {
  sahpool_error_text(pool: Pointer): Pointer;
  sahpool_wipe(pool: Pointer): number;
  sahpool_capacity(pool: Pointer): number;
  sahpool_file_count(pool: Pointer): number;
  sahpool_free_count(pool: Pointer): number;
  sahpool_open_count(pool: Pointer): number;
  sahpool_file_name(pool: Pointer, index: number): Pointer;
  sahpool_unlink(pool: Pointer, name: Pointer): number;
  sahpool_import_begin(pool: Pointer, name: Pointer, out: Pointer): number;
  sahpool_import_write(running: Pointer, bytes: Pointer, count: number): number;
  sahpool_import_stage(running: Pointer, temporaryName: Pointer): number;
  sahpool_import_finish(running: Pointer): number;
  sahpool_import_abort(running: Pointer): void;
  sahpool_export_begin(pool: Pointer, name: Pointer, out: Pointer): number;
  sahpool_export_size(running: Pointer): number;
  sahpool_export_read(running: Pointer, into: Pointer, count: number, offset: number): number;
  sahpool_export_end(running: Pointer): void;
  sahpool_quarantine_count(pool: Pointer): number;
  sahpool_quarantine_slot(pool: Pointer, index: number): Pointer;
  sahpool_quarantine_name(pool: Pointer, index: number): Pointer;
  sahpool_quarantine_reason(pool: Pointer, index: number): Pointer;
  sahpool_quarantine_bytes(pool: Pointer, index: number): number;
  sahpool_quarantine_recover(pool: Pointer, slotName: Pointer, name: Pointer): number;
  sahpool_quarantine_discard(pool: Pointer, slotName: Pointer): number;
  sahpool_abi_version(): number;
  sahpool_create(vfsName: Pointer): Pointer;
  sahpool_set_url_dialect(pool: Pointer, flags: number): void;
  sahpool_destroy(pool: Pointer): number;
  sahpool_attach(pool: Pointer, handle: number, slotName: Pointer): number;
  sahpool_start(pool: Pointer): number;
  sahpool_register(pool: Pointer): number;
  sahpool_unregister(pool: Pointer): number;
  sahpool_detach_all(pool: Pointer): number;
  sahpool_release_free_slot(pool: Pointer): number;
  sahpool_keep_free(pool: Pointer, count: number): void;
}

/** What the C++ imports of its host. */
export interface HostImports {
  sahpool_host_read(handle: number, into: Pointer, count: number, offset: number): number;
  sahpool_host_write(handle: number, from: Pointer, count: number, offset: number): number;
  sahpool_host_truncate(handle: number, size: number): number;
  sahpool_host_size(handle: number): number;
  sahpool_host_flush(handle: number): number;
  sahpool_host_error_text(into: Pointer, capacity: number): number;
  sahpool_host_now(): number;
  sahpool_host_clock(): number;
  sahpool_host_randomness(into: Pointer, count: number): number;
  sahpool_host_log(pool: Pointer, level: number, text: Pointer, length: number): void;
  sahpool_host_few_free_slots(pool: Pointer): void;
}
