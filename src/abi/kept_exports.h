// The functions that the host in JavaScript calls, marked so that an Emscripten program keeps and
// exports them, as the side module exports all of the ABI. Made by tools/generate-abi.mjs.
#ifndef SAHPOOL_ABI_KEPT_EXPORTS_H_
#define SAHPOOL_ABI_KEPT_EXPORTS_H_

#ifdef __EMSCRIPTEN__

#include "abi/abi.h"

#define SAHPOOL_KEEP(function) __attribute__((used)) decltype(function) function

extern "C" {
SAHPOOL_KEEP(sahpool_error_text);
SAHPOOL_KEEP(sahpool_wipe);
SAHPOOL_KEEP(sahpool_capacity);
SAHPOOL_KEEP(sahpool_file_count);
SAHPOOL_KEEP(sahpool_free_count);
SAHPOOL_KEEP(sahpool_open_count);
SAHPOOL_KEEP(sahpool_file_name);
SAHPOOL_KEEP(sahpool_unlink);
SAHPOOL_KEEP(sahpool_import_begin);
SAHPOOL_KEEP(sahpool_import_write);
SAHPOOL_KEEP(sahpool_import_stage);
SAHPOOL_KEEP(sahpool_import_finish);
SAHPOOL_KEEP(sahpool_import_abort);
SAHPOOL_KEEP(sahpool_export_begin);
SAHPOOL_KEEP(sahpool_export_size);
SAHPOOL_KEEP(sahpool_export_read);
SAHPOOL_KEEP(sahpool_export_end);
SAHPOOL_KEEP(sahpool_quarantine_count);
SAHPOOL_KEEP(sahpool_quarantine_slot);
SAHPOOL_KEEP(sahpool_quarantine_name);
SAHPOOL_KEEP(sahpool_quarantine_reason);
SAHPOOL_KEEP(sahpool_quarantine_bytes);
SAHPOOL_KEEP(sahpool_quarantine_recover);
SAHPOOL_KEEP(sahpool_quarantine_discard);
SAHPOOL_KEEP(sahpool_abi_version);
SAHPOOL_KEEP(sahpool_create);
SAHPOOL_KEEP(sahpool_set_url_dialect);
SAHPOOL_KEEP(sahpool_destroy);
SAHPOOL_KEEP(sahpool_attach);
SAHPOOL_KEEP(sahpool_start);
SAHPOOL_KEEP(sahpool_register);
SAHPOOL_KEEP(sahpool_unregister);
SAHPOOL_KEEP(sahpool_detach_all);
SAHPOOL_KEEP(sahpool_release_free_slot);
SAHPOOL_KEEP(sahpool_keep_free);
}

#undef SAHPOOL_KEEP

#endif  // __EMSCRIPTEN__

#endif  // SAHPOOL_ABI_KEPT_EXPORTS_H_
