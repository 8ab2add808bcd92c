export interface SectionPlace {
  readonly id: string
  /** Of its heading, from the top of the window. */
  readonly top: number
}

/**
 * The section that is being read: the last whose heading has passed the line. At the end of the page the headings that cannot get up to
 * the line are told apart by what was asked for.
 */
export function readSection(
  places: readonly SectionPlace[],
  window: { readonly line: number; readonly height: number; readonly isAtEnd: boolean; readonly asked: string },
): string | null {
  const passed = places.filter(({ top }) => top <= window.line).at(-1) ?? places[0]
  if (!window.isAtEnd) return passed?.id ?? null
  const visible = places.filter(({ top }) => top >= 0 && top < window.height)
  return (visible.find(({ id }) => id === window.asked) ?? visible.at(-1) ?? passed)?.id ?? null
}
