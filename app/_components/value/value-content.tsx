'use client'

import type { ReactNode } from 'react'
import { ScrollBox } from '@/app/_ui/scroll-box.tsx'
import type { ValueDescription, ValueView } from '@/lib/domain/value/describe-value.ts'
import { formatJsonText } from '@/lib/domain/value/json-text.ts'
import { parseProperties } from '@/lib/domain/value/properties-text.ts'
import { formatXmlText } from '@/lib/domain/value/xml-text.ts'
import { HexView } from './hex-view.tsx'
import { ProtobufTable } from './protobuf-table.tsx'

export const VIEW_NAMES: Record<ValueView, string> = {
  text: 'Text',
  json: 'JSON',
  xml: 'XML',
  properties: 'Properties',
  protobuf: 'Protobuf',
  hex: 'Hex',
}

/** One view of a value. */
export function ValueContent({
  description,
  bytes,
  view,
}: {
  description: ValueDescription
  bytes: Uint8Array | null
  view: ValueView
}): ReactNode {
  if (bytes === null) {
    return (
      <p className="rounded-md border border-dashed px-3 py-4 text-muted text-sm">
        <strong className="text-fg">Null.</strong> This znode has no data at all, which is not the same as an empty
        value.
      </p>
    )
  }
  if (bytes.length === 0) {
    return (
      <p className="rounded-md border border-dashed px-3 py-4 text-muted text-sm">
        <strong className="text-fg">Empty.</strong> The value has zero bytes, which is not the same as null.
      </p>
    )
  }
  if (view === 'hex') {
    return (
      <>
        {description.signature && <p className="mb-2 break-words text-muted text-sm">{description.signature}</p>}
        <HexView bytes={bytes} label="Value as hex" />
      </>
    )
  }
  if (view === 'protobuf') return <ProtobufTable bytes={bytes} />
  const text = description.text ?? ''
  if (view === 'properties') return <PropertiesTable text={text} />
  const shown = view === 'json' ? formatJsonText(text) : view === 'xml' ? formatXmlText(text) : text
  return (
    <ScrollBox
      label={`Value as ${view === 'text' ? 'text' : VIEW_NAMES[view]}`}
      className="max-h-[32rem] rounded-md border bg-sunken"
    >
      <pre className="whitespace-pre-wrap break-words p-3 font-mono text-xs leading-5">{shown}</pre>
    </ScrollBox>
  )
}

function PropertiesTable({ text }: { text: string }) {
  const pairs = parseProperties(text) ?? []
  return (
    <ScrollBox label="Value as Properties" className="max-h-[32rem] rounded-md border bg-sunken">
      <table className="w-full text-left font-mono text-xs">
        <thead>
          <tr className="border-b text-muted">
            <th scope="col" className="px-3 py-1.5 font-normal font-sans">
              Key
            </th>
            <th scope="col" className="px-3 py-1.5 font-normal font-sans">
              Value
            </th>
          </tr>
        </thead>
        <tbody className="divide-y">
          {pairs.map((pair) => (
            <tr key={pair.line}>
              <td className="px-3 py-1 align-top">{pair.key}</td>
              <td className="whitespace-pre-wrap break-all px-3 py-1">{pair.value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollBox>
  )
}
