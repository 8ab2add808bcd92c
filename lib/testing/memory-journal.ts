import type { JournalSink } from '../domain/restore/ports.ts'

/** A journal in memory that can die at a chosen append and can lose what was not yet durable, as a power cut would. */
export class MemoryJournal implements JournalSink {
  private durableLines: string[] = []
  private volatileLines: string[] = []
  private appends = 0
  /** The append (1-based) at which the process dies: before the line is kept, or right after. */
  dieAt: { readonly append: number; readonly kept: boolean | 'torn' } | null = null
  private torn = ''

  get appendCount(): number {
    return this.appends
  }

  async append(line: string, options: { durable?: boolean } = {}): Promise<void> {
    const n = ++this.appends
    if (this.dieAt !== null && n >= this.dieAt.append) {
      if (n === this.dieAt.append && this.dieAt.kept === true) this.keep(line, options)
      if (n === this.dieAt.append && this.dieAt.kept === 'torn') this.torn = line.slice(0, Math.ceil(line.length / 2))
      throw new Error(`the process died at append ${n}`)
    }
    this.keep(line, options)
  }

  /** What a new process reads. `powerCut`: only what was durable, and nothing torn. */
  text(options: { powerCut?: boolean } = {}): string {
    const lines = options.powerCut ? this.durableLines : [...this.durableLines, ...this.volatileLines]
    return lines.map((line) => `${line}\n`).join('') + (options.powerCut ? '' : this.torn)
  }

  /** The same file opened by a new process. */
  reopen(options: { powerCut?: boolean } = {}): MemoryJournal {
    const next = new MemoryJournal()
    next.durableLines = options.powerCut ? [...this.durableLines] : [...this.durableLines, ...this.volatileLines]
    // Appending goes on right behind a torn line, as it would in a file.
    if (this.torn !== '' && !options.powerCut) next.glue = this.torn
    return next
  }

  private glue = ''

  private keep(line: string, options: { durable?: boolean }): void {
    this.volatileLines.push(this.glue + line)
    this.glue = ''
    if (options.durable) {
      this.durableLines.push(...this.volatileLines)
      this.volatileLines = []
    }
  }
}
