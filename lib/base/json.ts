import { formatHex64 } from './hex64.ts'

/** JSON text in which bigint becomes a hex string (`0x1a`) and bytes become base64: the conventions of the command line's contract. */
export function stringifyJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replaceForJson, indent)
}

function replaceForJson(this: unknown, _key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return formatHex64(value)
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
  // Buffer.toJSON has already run when the replacer sees a Buffer.
  if (isBufferJson(value)) return Buffer.from(value.data).toString('base64')
  return value
}

function isBufferJson(value: unknown): value is { type: 'Buffer'; data: number[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    value.type === 'Buffer' &&
    'data' in value &&
    Array.isArray(value.data)
  )
}
