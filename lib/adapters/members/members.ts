/**
 * One ZooKeeper server whose machine this host is, or whose directories it has mounted. Known from the configuration file of the Arkeeper
 * server alone, never from a browser: whoever may write here names folders that are read and commands that are run.
 */
export interface Member {
  /** Name of the cluster as configured in Arkeeper. */
  readonly cluster: string
  /** Of this server, for people: unique within its cluster. */
  readonly name: string
  /** Absolute. `dataDir` of zoo.cfg, the parent of `version-2`. */
  readonly dataDir: string
  /** Absolute. `dataLogDir` of zoo.cfg; the same as `dataDir` where that has none. */
  readonly dataLogDir: string
  /** Absolute path of its zoo.cfg, for settings that no server tells; null when it is not told. */
  readonly zooCfg?: string | null
  /** host:port of its client port, to see whether it is up; null when it is not told. */
  readonly client: string | null
  /** Base address of its AdminServer; null when it is not told. */
  readonly adminUrl: string | null
  /** Program and arguments that stop and start it, without a shell; null when Arkeeper may not. */
  readonly stop: readonly string[] | null
  readonly start: readonly string[] | null
  /** Numeric owner of the files that are put in place; null leaves them with the user that Arkeeper runs as. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
}

export interface MembersPort {
  /** Read anew at each call, so that the file can be changed without a restart. No file: no members. Throws MembersError. */
  list(): Promise<readonly Member[]>
}
