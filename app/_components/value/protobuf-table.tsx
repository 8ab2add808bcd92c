'use client'

import { useMemo } from 'react'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { Cell, Row, Table } from '@/app/_ui/table.tsx'
import { parseProtobuf, type WireType } from '@/lib/domain/value/protobuf-fields.ts'

const WIRE_TYPES: Record<WireType, string> = {
  varint: 'varint: integer, boolean or enum',
  fixed64: '64 bits',
  bytes: 'bytes: text, bytes or a message',
  fixed32: '32 bits',
}

/** Fields by number: their names and types stand in a schema that nobody has here. */
export function ProtobufTable({ bytes }: { bytes: Uint8Array }) {
  const parsed = useMemo(() => parseProtobuf(bytes), [bytes])
  if (!parsed) return <p className="text-muted text-sm">The bytes are not well-formed protobuf.</p>
  const { fields, total, hasHBasePrefix } = parsed
  return (
    <div className="flex flex-col gap-2">
      <p className="text-muted text-sm">
        It looks like protobuf{hasHBasePrefix && ' of HBase'}: all {formatCount(bytes.length)} bytes parse as{' '}
        {plural(total, 'field')}. That is a guess, for other data may happen to parse too. Names and types of the fields
        are not in the data.
      </p>
      <div className="max-h-[32rem] overflow-auto rounded-md border">
        <Table label="Value as Protobuf" head={['Field', 'Wire type', 'Value', 'At byte']} numeric={[3]}>
          {fields.map((field) => (
            <Row key={field.offset}>
              <Cell className="align-top tabular-nums">{field.number}</Cell>
              <Cell className="whitespace-nowrap align-top text-muted text-xs">{WIRE_TYPES[field.wireType]}</Cell>
              <Cell className="break-all font-mono text-xs">{field.preview}</Cell>
              <Cell className="text-right align-top text-muted tabular-nums">{field.offset}</Cell>
            </Row>
          ))}
        </Table>
      </div>
      {total > fields.length && (
        <p className="text-muted text-xs">{plural(total - fields.length, 'more field')} not shown.</p>
      )}
    </div>
  )
}
