import { Counter, Gauge, Registry } from 'prom-client'
import { METRICS, type MetricDefinition, type MetricName } from './metric-list.ts'

export type Labels = Readonly<Record<string, string>>

/** Numbers of one answer, under the names that there are. What is not known is left out, never 0. */
export class MetricSink {
  readonly #registry = new Registry()
  readonly #known = new Map<MetricName, (labels: Labels, value: number) => void>()

  set(name: MetricName, value: number | bigint | null | undefined, labels: Labels = {}): void {
    if (value === null || value === undefined) return
    const put = this.#known.get(name) ?? this.#define(name)
    this.#known.set(name, put)
    put(labels, Number(value))
  }

  /** A time as seconds since 1970. */
  setTime(name: MetricName, at: Date | null | undefined, labels: Labels = {}): void {
    this.set(name, at ? at.getTime() / 1000 : null, labels)
  }

  text(): Promise<string> {
    return this.#registry.metrics()
  }

  #define(name: MetricName): (labels: Labels, value: number) => void {
    const { kind, help, labels }: MetricDefinition = METRICS[name]
    const options = { name, help, labelNames: [...labels], registers: [this.#registry] }
    if (kind === 'gauge') {
      const made = new Gauge(options)
      return (at, value) => made.set(at, value)
    }
    const made = new Counter(options)
    // Counted is elsewhere, in the database or by a server: this one is new and shows the sum.
    return (at, value) => made.inc(at, value)
  }
}
