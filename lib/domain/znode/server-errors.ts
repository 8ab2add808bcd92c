/** ZooKeeper's error codes in words. */
const ERROR_NAMES: Readonly<Record<number, string>> = {
  [-1]: 'system error',
  [-2]: 'runtime inconsistency',
  [-3]: 'data inconsistency',
  [-4]: 'connection loss',
  [-5]: 'marshalling error',
  [-6]: 'unimplemented',
  [-7]: 'operation timeout',
  [-8]: 'bad arguments',
  [-12]: 'unknown session',
  [-13]: 'new configuration has no quorum',
  [-14]: 'reconfiguration in progress',
  [-100]: 'API error',
  [-101]: 'no such znode',
  [-102]: 'not authorised',
  [-103]: 'version mismatch',
  [-108]: 'ephemerals cannot have children',
  [-110]: 'znode exists',
  [-111]: 'znode has children',
  [-112]: 'session expired',
  [-113]: 'invalid callback',
  [-114]: 'invalid ACL',
  [-115]: 'authentication failed',
  [-118]: 'session moved to another server',
  [-119]: 'server is read-only',
  [-120]: 'ephemeral on a local session',
  [-121]: 'no such watcher',
  [-122]: 'request timeout',
  [-123]: 'reconfiguration is disabled',
  [-124]: 'session closed: SASL authentication is required',
  [-125]: 'quota exceeded',
  [-127]: 'throttled',
}

export function describeServerError(code: number): string {
  return `${ERROR_NAMES[code] ?? 'unknown error'} (${code})`
}

/** As ZooKeeper's own clients and documents name them (KeeperException), for searching. */
const CLIENT_NAMES: Readonly<Record<number, string>> = {
  [-1]: 'SystemError',
  [-2]: 'RuntimeInconsistency',
  [-3]: 'DataInconsistency',
  [-4]: 'ConnectionLoss',
  [-5]: 'MarshallingError',
  [-6]: 'Unimplemented',
  [-7]: 'OperationTimeout',
  [-8]: 'BadArguments',
  [-12]: 'UnknownSession',
  [-13]: 'NewConfigNoQuorum',
  [-14]: 'ReconfigInProgress',
  [-100]: 'APIError',
  [-101]: 'NoNode',
  [-102]: 'NoAuth',
  [-103]: 'BadVersion',
  [-108]: 'NoChildrenForEphemerals',
  [-110]: 'NodeExists',
  [-111]: 'NotEmpty',
  [-112]: 'SessionExpired',
  [-113]: 'InvalidCallback',
  [-114]: 'InvalidACL',
  [-115]: 'AuthFailed',
  [-118]: 'SessionMoved',
  [-119]: 'NotReadOnly',
  [-120]: 'EphemeralOnLocalSession',
  [-121]: 'NoWatcher',
  [-122]: 'RequestTimeout',
  [-123]: 'ReconfigDisabled',
  [-124]: 'SessionClosedRequireSaslAuth',
  [-125]: 'QuotaExceeded',
  [-127]: 'Throttled',
}

/** Null for a number that ZooKeeper has no name for. */
export function findServerErrorName(code: number): string | null {
  return CLIENT_NAMES[code] ?? null
}
