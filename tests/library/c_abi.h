/* What c_abi.c offers to c_abi_test.cc. */
#ifndef SAHPOOL_TESTS_LIBRARY_C_ABI_H_
#define SAHPOOL_TESTS_LIBRARY_C_ABI_H_

#include "sahpool/sahpool.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct c_abi_report {
  int code;
  int kind;
  int value;
  sahpool_pool* pool;
  char text[256];
} c_abi_report;

int c_abi_open(const char* directory, const char* vfs_name, c_abi_report* report);

/* Uses a new pool in `directory` and removes it. 0, or the line of the check that failed. */
int c_abi_run(const char* directory, const char* vfs_name);

#ifdef __cplusplus
}
#endif

#endif /* SAHPOOL_TESTS_LIBRARY_C_ABI_H_ */
