// The one place where a Status becomes an SQLite result code.
// Threads: pure functions.
#ifndef SAHPOOL_VFS_RESULT_CODE_H_
#define SAHPOOL_VFS_RESULT_CODE_H_

#include <sqlite3.h>

#include <cerrno>

#include "sahpool/status.h"

namespace sahpool {

// `io_error` is the SQLITE_IOERR_xyz of the operation, for failures that have no code of their own.
inline int ToSqliteCode(const Status& status, int io_error = SQLITE_IOERR) {
  switch (status.code()) {
    case Code::kOk:
      return SQLITE_OK;
    case Code::kIo:
      return io_error;
    case Code::kFull:
      return SQLITE_FULL;
    case Code::kNoFreeSlot:
    case Code::kNameTooLong:
      return SQLITE_CANTOPEN;
    case Code::kNotFound:
      return SQLITE_NOTFOUND;
    case Code::kExists:
      return SQLITE_CONSTRAINT;
    case Code::kBusy:
      return SQLITE_BUSY;
    case Code::kInvalid:
    case Code::kMisuse:
      return SQLITE_MISUSE;
    case Code::kNotADatabase:
      return SQLITE_NOTADB;
    case Code::kCorrupt:
      return SQLITE_CORRUPT;
    case Code::kNoMemory:
      return SQLITE_NOMEM;
    case Code::kUnsupported:
      return SQLITE_NOLFS;
  }
  return SQLITE_ERROR;
}

// What SQLITE_FCNTL_LAST_ERRNO reports.
inline int ToErrno(Code code) {
  switch (code) {
    case Code::kOk:
      return 0;
    case Code::kFull:
    case Code::kNoFreeSlot:
      return ENOSPC;
    case Code::kNotFound:
      return ENOENT;
    case Code::kExists:
      return EEXIST;
    case Code::kBusy:
      return EBUSY;
    case Code::kInvalid:
    case Code::kMisuse:
      return EINVAL;
    case Code::kNameTooLong:
      return ENAMETOOLONG;
    case Code::kNoMemory:
      return ENOMEM;
    case Code::kUnsupported:
      return ENOTSUP;
    case Code::kIo:
    case Code::kNotADatabase:
    case Code::kCorrupt:
      return EIO;
  }
  return EIO;
}

}  // namespace sahpool

#endif  // SAHPOOL_VFS_RESULT_CODE_H_
