/** 64-bit values (zxid, session id, digest) as unsigned hex strings, the one form they take in JSON and on screen: `0x1a`. */
export function formatHex64(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`
}

/** Unprefixed lower-case hex without leading zeros, as ZooKeeper names its files (`snapshot.1a`). */
export function formatHex64Bare(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}

const HEX64 = /^(?:0x)?([0-9a-f]{1,16})$/i

/** Accepts `0x1a` or `1a`; gives the signed 64-bit value, or null when the text is not a 64-bit hex number. */
export function parseHex64(text: string): bigint | null {
  const match = HEX64.exec(text.trim())
  return match ? BigInt.asIntN(64, BigInt(`0x${match[1]}`)) : null
}
