/** A digest that was held against the tree and was another. */
export interface Parting {
  readonly zxid: bigint
  readonly expected: bigint
  readonly found: bigint
}

/**
 * Holds the digests of a stream against the tree, without end. One that differs alone, between equal ones, is a server's slip of the pen
 * (3.6 to 3.9 note one for a container that was asked for in an odd way) and no parting: only the next one tells, until then it is a suspicion.
 */
export class DigestWatch {
  compared = 0
  comparedZxid: bigint | null = null
  /** Of those that differed alone. */
  odd = 0
  /** The last one differed, and the next is not known. */
  suspected: Parting | null = null
  /** Since then they differ. */
  parted: Parting | null = null

  /** `computed` in UTF-8, `ascii` as a server under an ASCII locale has it. */
  see(
    zxid: bigint,
    expected: bigint,
    { computed, ascii }: { readonly computed: bigint; readonly ascii: bigint },
  ): void {
    this.compared++
    this.comparedZxid = zxid
    if (expected === computed || expected === ascii) {
      if (this.suspected !== null) this.odd++
      this.suspected = null
      this.parted = null
    } else if (this.suspected !== null) {
      this.parted = this.suspected
      this.suspected = null
    } else if (this.parted === null) {
      this.suspected = { zxid, expected, found: computed }
    }
  }
}
