/** What Java's serialization stream holds first. `className` as Java names it: `java.util.HashMap`, `[B`, `com.acme.Order$Line`. */
export type JavaObject =
  | { readonly kind: 'object' | 'array' | 'enum' | 'class'; readonly className: string }
  | { readonly kind: 'proxy'; readonly interfaces: readonly string[] }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'null' }
  /** Raw bytes that the program wrote itself, with no object behind them. */
  | { readonly kind: 'block-data' }
  /** The stream ends or breaks off before its first object is named. */
  | { readonly kind: 'unknown' }

const TC = {
  null: 0x70,
  classDesc: 0x72,
  object: 0x73,
  string: 0x74,
  array: 0x75,
  class: 0x76,
  blockData: 0x77,
  blockDataLong: 0x7a,
  reset: 0x79,
  longString: 0x7c,
  proxyClassDesc: 0x7d,
  enum: 0x7e,
} as const

const INTERFACES_MAX = 20
const KINDS: Readonly<Record<number, 'object' | 'array' | 'enum' | 'class'>> = {
  [TC.object]: 'object',
  [TC.array]: 'array',
  [TC.enum]: 'enum',
  [TC.class]: 'class',
}

/**
 * The first object of a Java serialization stream (magic 0xACED, version 5; Java Object Serialization Specification, chapter 6), or null
 * for other bytes. Only names are read: nothing is ever made from such a stream. Never throws, whatever the bytes.
 */
export function findJavaObject(data: Uint8Array): JavaObject | null {
  if (data[0] !== 0xac || data[1] !== 0xed || data[2] !== 0x00 || data[3] !== 0x05) return null
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  let at = 4
  let sawBlock = false
  while (at < data.length) {
    const code = data[at++]
    if (code === TC.blockData && at < data.length) {
      sawBlock = true
      at += 1 + view.getUint8(at)
    } else if (code === TC.blockDataLong && at + 4 <= data.length) {
      sawBlock = true
      at += 4 + view.getUint32(at)
    } else if (code === TC.reset) {
      // Nothing is remembered here that could be reset.
    } else {
      return readContent(view, code, at)
    }
  }
  return { kind: sawBlock && at === data.length ? 'block-data' : 'unknown' }
}

function readContent(view: DataView, code: number | undefined, at: number): JavaObject {
  if (code === TC.null) return { kind: 'null' }
  if (code === TC.string) return asString(readUtf(view, at))
  if (code === TC.longString) {
    // Eight bytes of length; one above 32 bits does not fit into a znode.
    const isShort = at + 8 <= view.byteLength && view.getUint32(at) === 0
    return asString(isShort ? readText(view, at + 8, view.getUint32(at + 4)) : null)
  }
  const kind = code === undefined ? undefined : KINDS[code]
  if (kind === undefined || at >= view.byteLength) return { kind: 'unknown' }
  const description = view.getUint8(at)
  if (description === TC.classDesc) {
    const className = readUtf(view, at + 1)
    return className ? { kind, className } : { kind: 'unknown' }
  }
  if (description === TC.proxyClassDesc) {
    const interfaces = readInterfaces(view, at + 1)
    return interfaces ? { kind: 'proxy', interfaces } : { kind: 'unknown' }
  }
  return { kind: 'unknown' }
}

const asString = (text: string | null): JavaObject => (text === null ? { kind: 'unknown' } : { kind: 'string', text })

function readInterfaces(view: DataView, start: number): string[] | null {
  if (start + 4 > view.byteLength) return null
  const count = view.getUint32(start)
  const names: string[] = []
  for (let at = start + 4; names.length < Math.min(count, INTERFACES_MAX); ) {
    const name = readUtf(view, at)
    if (!name) return null
    names.push(name)
    at += 2 + view.getUint16(at)
  }
  return names
}

function readUtf(view: DataView, at: number): string | null {
  return at + 2 <= view.byteLength ? readText(view, at + 2, view.getUint16(at)) : null
}

/** Java's modified UTF-8: it differs from UTF-8 in NUL and beyond the basic plane only, which are shown as replacement characters. */
function readText(view: DataView, at: number, length: number): string | null {
  if (at + length > view.byteLength) return null
  return new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, length))
}

/** One sentence for people. */
export function describeJavaObject(java: JavaObject): string {
  switch (java.kind) {
    case 'object':
      return `A serialized Java object of class ${java.className}.`
    case 'array':
      return `A serialized Java array of class ${java.className}.`
    case 'enum':
      return `A serialized Java enum constant of ${java.className}.`
    case 'class':
      return `A serialized Java class: ${java.className}.`
    case 'proxy':
      return `A serialized Java proxy of ${java.interfaces.join(', ')}.`
    case 'string':
      return `A serialized Java string: ${JSON.stringify(shorten(java.text))}.`
    case 'null':
      return 'A serialized Java null.'
    case 'block-data':
      return 'A stream of Java serialization that holds plain bytes and no object.'
    case 'unknown':
      return 'It begins like a serialized Java object, but breaks off before its class is named.'
  }
}

const shorten = (text: string) => (text.length > 120 ? `${text.slice(0, 120)}…` : text)
