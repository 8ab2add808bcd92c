import { Box, Hourglass, Zap } from 'lucide-react'
import { DrawnText } from '@/app/_ui/drawn-text.tsx'
import { formatCount, plural } from '@/app/_ui/format-number.ts'
import { formatBytes } from '@/lib/base/format-bytes.ts'
import type { ZnodeItem } from './znode-source.ts'

const KINDS = {
  ephemeral: { icon: Zap, className: 'text-ephemeral', title: 'ephemeral' },
  container: { icon: Box, className: 'text-muted', title: 'container' },
  ttl: { icon: Hourglass, className: 'text-muted', title: 'TTL' },
} as const

export function ZnodeRowFacts({ item }: { item: ZnodeItem }) {
  const kind = item.kind === 'ephemeral' || item.kind === 'container' || item.kind === 'ttl' ? KINDS[item.kind] : null
  const Icon = kind?.icon
  return (
    <span className="flex shrink-0 items-center gap-2 text-muted text-xs">
      {kind && Icon && (
        <span className={`inline-flex items-center gap-0.5 ${kind.className}`} title={kind.title}>
          <Icon aria-hidden className="size-3.5" />
          <DrawnText text={kind.title} className="text-2xs max-xl:hidden" />
        </span>
      )}
      {item.path !== '/' && item.numChildren > 0 && (
        <DrawnText text={formatCount(item.numChildren)} title={plural(item.numChildren, 'child', 'children')} />
      )}
      <DrawnText
        text={item.dataLength > 0 ? formatBytes(item.dataLength) : ''}
        className="w-16 text-right max-sm:hidden"
      />
    </span>
  )
}

export function znodeRowLabel(item: ZnodeItem): string {
  const facts = [item.name]
  if (item.kind !== 'persistent' && item.kind !== 'unknown') facts.push(item.kind)
  if (item.path !== '/' && item.numChildren > 0) facts.push(plural(item.numChildren, 'child', 'children'))
  return facts.join(', ')
}
