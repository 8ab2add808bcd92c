/** Lines differ by colour and by dash, so that neither has to be told apart alone. */
const LOOKS = [
  { stroke: 'stroke-accent', dash: undefined },
  { stroke: 'stroke-ephemeral', dash: '6 3' },
  { stroke: 'stroke-changed', dash: '2 3' },
  { stroke: 'stroke-added', dash: '9 3 2 3' },
  { stroke: 'stroke-removed', dash: '12 4' },
  { stroke: 'stroke-muted', dash: '1 2' },
] as const

export function lookOf(index: number): (typeof LOOKS)[number] {
  return LOOKS[index % LOOKS.length] ?? LOOKS[0]
}

/** A short piece of the line that stands for a server. */
export function ServerMark({ index }: { index: number }) {
  const { stroke, dash } = lookOf(index)
  return (
    <svg aria-hidden viewBox="0 0 24 8" className="h-2 w-6 shrink-0">
      <line x1={0} y1={4} x2={24} y2={4} strokeWidth={2} strokeDasharray={dash} className={stroke} />
    </svg>
  )
}
