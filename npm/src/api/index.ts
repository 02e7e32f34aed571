// The package's public interface.

export { attach } from './attach.js';
export {
  IncompatibleSqliteError,
  PoolBusyError,
  SahpoolError,
  SideModuleError,
  UnsupportedEnvironmentError,
} from '../core/errors.js';
export type {
  AttachedNamespace,
  AttachOptions,
  DatabaseOf,
  DeclaredUtilOf,
  ImportCheck,
  ImportChunk,
  ImportSource,
  InstallOptions,
  PoolDatabaseConstructor,
  PoolUtil,
  Quarantine,
  QuarantinedSlot,
  SqliteNamespace,
} from '../core/types.js';
