/** Where Java and ZooKeeper are looked for: what the environment says, already read. Null: in the usual places. */
export interface ScratchSettings {
  /** Jars, as of `java -cp`; stands above everything else. */
  readonly classpath: string | null
  /** A binary distribution, or a folder of jars. */
  readonly zookeeperHome: string | null
  readonly javaHome: string | null
  /** PATH. */
  readonly searchPath: string
}

export interface StartScratchInput {
  /** The server's folder is made in it, for this user alone, and removed with the server. */
  readonly parentDir: string
  /** What it starts on; null for an empty server. The name is `snapshot.<zxid hex>`, the body unpacked. */
  readonly snapshot: { readonly name: string; readonly body: () => AsyncIterable<Uint8Array> } | null
  /** Wanted; the host's memory sets a limit. */
  readonly heapMegabytes: number
  /** Largest value or list that it takes, bytes. */
  readonly juteMaxBuffer: number
  readonly signal?: AbortSignal
}

/** A stock standalone ZooKeeper on 127.0.0.1, of which nobody knows but its starter. ACLs are in force; `auth` stands above them. */
export interface ScratchServer {
  readonly connectString: string
  /** Of this run alone. */
  readonly auth: { readonly scheme: string; readonly id: string }
  readonly pid: number
  readonly heapMegabytes: number
  /** Tree digest that the server says it computed from what it loaded; null where it says none (before 3.6). */
  readonly loadedDigest: { readonly zxid: bigint; readonly digest: bigint } | null
  /** Aborted when the process ends by itself; the reason is a ScratchError. */
  readonly ended: AbortSignal
  /** Kills it and removes its folder. Safe to call twice. */
  stop(): Promise<void>
}

export interface ScratchPort {
  /** Why no server can be started here, and what to do; null when one can. Looks at files, starts nothing. */
  findFault(): Promise<string | null>
  /** Bytes that files may still take there; the folder is made when missing. */
  freeBytes(dir: string): Promise<number>
  /**
   * Resolves when it serves. Whatever happens to this process, even SIGKILL, the server ends with it. Throws ScratchError, CancelledError, and
   * what the body throws; then nothing is left.
   */
  start(input: StartScratchInput): Promise<ScratchServer>
  /** Ends and removes what starters that are gone have left in the folder. Gives how many. */
  sweep(parentDir: string): Promise<number>
}
