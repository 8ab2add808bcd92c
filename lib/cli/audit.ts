import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { databaseFileIn } from '../adapters/database/database-location.ts'
import { openAuditFile } from '../adapters/database/read-audit.ts'
import { countOf } from '../base/count-of.ts'
import { throwIfAborted } from '../base/errors.ts'
import { stringifyJson } from '../base/json.ts'
import { type ChainReport, ChainVerifier } from '../services/audit/chain-verifier.ts'
import { parseExportLine } from '../services/audit/read-export.ts'
import { argument, type Command, type CommandInput, flag, text } from './command.ts'
import { badUsage } from './errors.ts'

const TICK = 10_000

export const audit: Command = {
  usage: 'audit verify [--database FILE | --data-dir DIR | --export FILE.jsonl [--partial]] [--json]',
  summary: 'finds any changed, removed, inserted or moved entry of the audit, in a database or an export, and names it',
  options: { database: 'string', 'data-dir': 'string', export: 'string', partial: 'boolean' },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const verb = argument(input, 0)
    if (verb !== 'verify') throw badUsage(`"audit ${verb}" is not a command`)
    const sources = ['database', 'data-dir', 'export'].filter((name) => text(input, name) !== undefined)
    if (sources.length > 1) throw badUsage(`--${sources.join(' and --')} exclude each other`)
    const exported = text(input, 'export')
    if (flag(input, 'partial') && exported === undefined) throw badUsage('--partial is for --export')
    const report = exported === undefined ? await verifyDatabase(input) : await verifyExport(input, exported)
    input.terminal.clear()
    if (flag(input, 'json')) await input.terminal.line(stringifyJson(report))
    else await describe(input, report)
    return report.ok ? 0 : 1
  },
}

async function verifyDatabase(input: CommandInput): Promise<ChainReport> {
  const dataDir = text(input, 'data-dir') ?? process.env.ARKEEPER_DATA_DIR ?? '.arkeeper'
  const file = openAuditFile(text(input, 'database') ?? databaseFileIn(dataDir))
  try {
    const verifier = new ChainVerifier()
    for (const rows of [file.chained(), file.unchained()]) {
      for (const row of rows) {
        verifier.take(row)
        if (verifier.entries % TICK === 0) await tick(input, verifier)
      }
    }
    return verifier.end(file.head ?? { sequence: 0, hash: '' })
  } finally {
    file.close()
  }
}

async function verifyExport(input: CommandInput, path: string): Promise<ChainReport> {
  const verifier = new ChainVerifier({ isPartial: flag(input, 'partial') })
  let number = 0
  const stream = createReadStream(path)
  // readline hides an error of its input and just ends.
  const failed = new Promise<never>((_, reject) => stream.once('error', reject))
  const opened = new Promise<void>((resolve) => stream.once('open', () => resolve()))
  await Promise.race([opened, failed])
  const read = async () => {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1
      if (line === '') continue
      const record = parseExportLine(line)
      if (record) verifier.take(record)
      else {
        const message = `line ${number} of ${path} is no entry of an audit`
        verifier.report({ code: 'LINE_UNREADABLE', sequence: null, id: null, message })
      }
      if (number % TICK === 0) await tick(input, verifier)
    }
  }
  await Promise.race([read(), failed])
  if (number === 0) verifier.note(`${path} is empty`)
  return verifier.end(null)
}

/** Lets a signal in, which a loop over rows would keep out. */
async function tick({ context, terminal }: CommandInput, verifier: ChainVerifier): Promise<void> {
  terminal.progress({
    stage: 'Reading the audit',
    done: verifier.entries,
    total: null,
    bytes: 0,
    ratePerSecond: 0,
    etaMs: null,
  })
  await new Promise((resolve) => setImmediate(resolve))
  throwIfAborted(context.signal)
}

async function describe({ terminal }: CommandInput, report: ChainReport): Promise<void> {
  for (const { code, message } of report.problems) await terminal.line(`problem  ${code}: ${message}`)
  const more = report.problemCount - report.problems.length
  if (more > 0) await terminal.line(`problem  and ${countOf(more, 'other')}`)
  for (const note of report.notes) await terminal.line(`note  ${note}`)
  const range = report.first === null ? 'no chained entry' : `entries ${report.first} to ${report.last}`
  const sealed = report.sealed > 0 ? `, ${report.sealed} from before the chain` : ''
  await terminal.line(report.ok ? `${range}${sealed}: the chain is whole` : `${range}${sealed}: the chain is broken`)
  if (report.lastHash !== null) await terminal.line(`hash of entry ${report.last}: ${report.lastHash}`)
}
