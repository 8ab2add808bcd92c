const INDENT_LEVELS_MAX = 40

type XmlToken =
  | { readonly kind: 'open'; readonly text: string; readonly name: string }
  | { readonly kind: 'close'; readonly text: string; readonly name: string }
  | { readonly kind: 'empty' | 'other' | 'text'; readonly text: string }

// Declaration and processing instruction, comment, CDATA, document type, then tags. Sticky: each match begins where the last ended.
const MARKUP =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<!DOCTYPE[^[>]*(?:\[[\s\S]*?\]\s*)?>|<\/([^\s<>/]+)\s*>|<([A-Za-z_:][^\s<>/]*)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y

/** Tokens of a text whose tags are balanced under exactly one root element; null when it is not such a text. */
function tokenizeXml(text: string): XmlToken[] | null {
  const tokens: XmlToken[] = []
  const open: string[] = []
  let roots = 0
  let at = 0
  while (at < text.length) {
    if (text.charAt(at) !== '<') {
      const next = text.indexOf('<', at)
      const end = next === -1 ? text.length : next
      const content = text.slice(at, end)
      if (open.length === 0 && content.replace('\ufeff', '').trim() !== '') return null
      tokens.push({ kind: 'text', text: content })
      at = end
      continue
    }
    MARKUP.lastIndex = at
    const match = MARKUP.exec(text)
    if (!match) return null
    const [markup, closeName, openName, , slash] = match
    if (closeName !== undefined) {
      if (open.pop() !== closeName) return null
      tokens.push({ kind: 'close', text: markup, name: closeName })
    } else if (openName !== undefined) {
      if (open.length === 0 && ++roots > 1) return null
      if (slash === '/') tokens.push({ kind: 'empty', text: markup })
      else {
        open.push(openName)
        tokens.push({ kind: 'open', text: markup, name: openName })
      }
    } else tokens.push({ kind: 'other', text: markup })
    at = MARKUP.lastIndex
  }
  return roots === 1 && open.length === 0 ? tokens : null
}

/** True for a text with one root element and balanced tags. Not a validator: entities and namespaces are not looked at. */
export function isXml(text: string): boolean {
  return /^\ufeff?\s*</.test(text) && tokenizeXml(text) !== null
}

/**
 * Re-indented for reading: white space between tags is replaced, text with anything else in it stays on the line of its element.
 * Null when the text is not XML.
 */
export function formatXmlText(text: string): string | null {
  if (!/^\ufeff?\s*</.test(text)) return null
  const tokens = tokenizeXml(text)
  if (!tokens) return null
  const visible = tokens.filter((token) => token.kind !== 'text' || token.text.replace('\ufeff', '').trim() !== '')
  const lines: string[] = []
  let depth = 0
  let inline = 0
  visible.forEach((token, index) => {
    const next = visible[index + 1]
    if (token.kind === 'close' && inline === 0) depth--
    const indent = '  '.repeat(Math.min(Math.max(depth, 0), INDENT_LEVELS_MAX))
    if (inline > 0 || token.kind === 'text') lines.push(`${lines.pop() ?? ''}${token.text}`)
    else lines.push(`${indent}${token.text}`)
    if (token.kind === 'open') {
      // An element whose first content is text, or that is closed at once, stays on one line until it ends.
      if (inline > 0 || next?.kind === 'text' || next?.kind === 'close') inline++
      else depth++
    } else if (token.kind === 'close' && inline > 0) inline--
  })
  return lines.join('\n')
}
