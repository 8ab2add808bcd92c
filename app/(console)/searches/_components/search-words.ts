import { plural } from '@/app/_ui/format-number.ts'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { SearchView } from '@/lib/services/searches/views.ts'

type Asked = Pick<SearchView, 'pathPattern' | 'valueForm' | 'value' | 'valueLength'>

const quote = (text: string) => `“${text.length > 80 ? `${text.slice(0, 79)}…` : text}”`

/** What was looked for, in a few words. In lists the text itself is not there, only its length. */
export function describeSearch({ pathPattern, valueForm, value, valueLength }: Asked): string {
  const inPaths = pathPattern === '' ? '' : ` of paths with ${quote(pathPattern)}`
  if (valueForm === 'none') return pathPattern === '' ? 'Every path' : `Paths with ${quote(pathPattern)}`
  if (valueForm === 'hex') return `Values${inPaths} with the bytes ${value ?? `(${plural(valueLength, 'byte')})`}`
  return `Values${inPaths} with ${value === null ? `a text of ${plural(valueLength, 'character')}` : quote(value)}`
}

/** What narrows a search beside its text. */
export function describeLimits(search: Pick<SearchView, 'matchCase' | 'kind' | 'minBytes' | 'maxBytes'>): string[] {
  const { matchCase, kind, minBytes, maxBytes } = search
  return [
    ...(matchCase ? ['case matters'] : []),
    ...(kind === 'ephemeral' ? ['only ephemeral znodes'] : kind === 'lasting' ? ['no ephemeral znodes'] : []),
    ...(minBytes === null ? [] : [`values of ${formatBytes(minBytes)} or more`]),
    ...(maxBytes === null ? [] : [`values of ${formatBytes(maxBytes)} or less`]),
  ]
}
