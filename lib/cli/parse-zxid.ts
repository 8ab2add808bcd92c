import { parseHex64 } from '../base/hex64.ts'
import { badUsage } from './errors.ts'

/** Of an option. Hexadecimal with 0x in front, as zxids are shown everywhere; decimal without. */
export function parseZxid(given: string, option: string): bigint {
  const zxid = /^0x/i.test(given) ? parseHex64(given) : /^\d{1,19}$/.test(given) ? BigInt(given) : null
  if (zxid === null || zxid < 0n || zxid > 0x7fff_ffff_ffff_ffffn) {
    throw badUsage(`--${option} ${given} is no zxid: give one like 0x1a, or a decimal number`)
  }
  return zxid
}
