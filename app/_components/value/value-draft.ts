import { decodeBase64, encodeBase64 } from '@/lib/domain/value/base64.ts'
import { formatHex, parseHex } from '@/lib/domain/value/hex.ts'
import {
  decodeUtf8,
  encodeUtf8,
  findTextEditFault,
  type LineEnds,
  lineEndsOf,
  withLineEnds,
} from '@/lib/domain/value/utf8.ts'

export type ValueMode = 'text' | 'hex' | 'empty' | 'null'

export interface ValueDraft {
  readonly mode: ValueMode
  readonly text: string
  readonly hex: string
  /** Line ends that the value had; a text box only knows one kind. */
  readonly lineEnds: LineEnds
  /** Why the value cannot be edited as text; null when it can. */
  readonly textFault: string | null
}

/** A draft that holds exactly the given value. `data` is base64; null is null data. */
export function draftOf(data: string | null): ValueDraft {
  const bytes = data === null ? new Uint8Array() : decodeBase64(data)
  const text = decodeUtf8(bytes)
  const textFault = text === null ? 'The value is not valid UTF-8. Edit it as hex.' : findTextEditFault(text)
  return {
    mode: data === null ? 'null' : bytes.length === 0 ? 'empty' : textFault ? 'hex' : 'text',
    text: textFault === null && text !== null ? text.replaceAll('\r\n', '\n') : '',
    hex: formatHex(bytes),
    lineEnds: text === null ? 'none' : lineEndsOf(text),
    textFault,
  }
}

export type DraftValue =
  | { readonly kind: 'value'; readonly data: string | null; readonly bytes: number }
  | { readonly kind: 'fault'; readonly message: string }

/** What the draft would write. */
export function valueOfDraft(draft: ValueDraft): DraftValue {
  if (draft.mode === 'null') return { kind: 'value', data: null, bytes: 0 }
  if (draft.mode === 'empty') return { kind: 'value', data: '', bytes: 0 }
  if (draft.mode === 'hex') {
    const parsed = parseHex(draft.hex)
    if (parsed.kind === 'fault') return parsed
    return { kind: 'value', data: encodeBase64(parsed.bytes), bytes: parsed.bytes.length }
  }
  const bytes = encodeUtf8(withLineEnds(draft.text, draft.lineEnds))
  return { kind: 'value', data: encodeBase64(bytes), bytes: bytes.length }
}
