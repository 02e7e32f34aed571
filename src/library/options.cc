#include "sahpool/sahpool.h"

extern "C" void sahpool_options_init(sahpool_options* options) {
  *options = {};
  options->vfs_name = "opfs-sahpool";
  options->initial_capacity = 6;
  options->acquire_timeout_ms = 3000;
}
