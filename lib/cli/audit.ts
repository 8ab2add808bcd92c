import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { databaseFileIn, parseDatabaseUrl } from '../adapters/database/database-location.ts'
import { openAudit } from '../adapters/database/read-audit.ts'
import { PUBLIC_FILE, splitPem } from '../adapters/secrets/audit-key.ts'
import { countOf } from '../base/count-of.ts'
import { throwIfAborted } from '../base/errors.ts'
import { stringifyJson } from '../base/json.ts'
import { type ChainReport, ChainVerifier } from '../services/audit/chain-verifier.ts'
import { parseExportLine } from '../services/audit/read-export.ts'
import {
  type Checkpoint,
  parseCheckpointFile,
  type Removal,
  TrustedKeys,
  toAnchors,
} from '../services/audit/signatures.ts'
import { argument, type Command, type CommandInput, flag, list, text } from './command.ts'
import { badUsage, CommandError } from './errors.ts'

const TICK = 10_000

export const audit: Command = {
  usage:
    'audit verify|key [--database FILE|ADDRESS | --data-dir DIR | --export FILE.jsonl [--partial]] [--checkpoints DIR] [--public-key FILE]… [--json]',
  summary:
    'verify: finds any changed, removed, inserted or moved entry of the audit, in a database or an export, and names it; key: prints the public key',
  options: {
    database: 'string',
    'data-dir': 'string',
    export: 'string',
    partial: 'boolean',
    checkpoints: 'string',
    'public-key': 'list',
  },
  positionals: { min: 1, max: 1 },
  run: async (input) => {
    const verb = argument(input, 0)
    if (verb === 'key') {
      const keys = readKeys(input)
      if (keys.length === 0) throw new CommandError('BAD_INPUT', `There is no ${PUBLIC_FILE} in ${dataDirOf(input)}`)
      await input.terminal.print(keys.join(''))
      return 0
    }
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

function dataDirOf(input: CommandInput): string {
  return text(input, 'data-dir') ?? process.env.ARKEEPER_DATA_DIR ?? '.arkeeper'
}

/** Those that are given; else those beside the database. */
function readKeys(input: CommandInput): string[] {
  const given = list(input, 'public-key')
  if (given.length > 0) {
    return given.flatMap((file) => {
      const keys = splitPem(readFileSync(file, 'utf8'))
      if (keys.length === 0) throw new CommandError('BAD_INPUT', `${file} holds no public key in PEM`)
      return keys
    })
  }
  const database = text(input, 'database')
  const location = database === undefined ? null : parseDatabaseUrl(database)
  const file = join(location?.kind === 'sqlite' ? dirname(location.file) : dataDirOf(input), PUBLIC_FILE)
  return text(input, 'export') === undefined && existsSync(file) ? splitPem(readFileSync(file, 'utf8')) : []
}

/** Held against what is signed: in the database, and in files that were put away. */
function createVerifier(
  input: CommandInput,
  stored: { readonly checkpoints: readonly Checkpoint[]; readonly removals: readonly Removal[] },
): ChainVerifier {
  const keys = new TrustedKeys(readKeys(input))
  const dir = text(input, 'checkpoints')
  const names = dir === undefined ? [] : readdirSync(dir).filter((name) => /^checkpoint-\d+\.json$/.test(name))
  const unreadable: string[] = []
  const put = names.flatMap((name) => {
    const checkpoint = parseCheckpointFile(readFileSync(join(dir ?? '', name), 'utf8'))
    if (!checkpoint) unreadable.push(name)
    return checkpoint ?? []
  })
  const { problems, ...anchors } = toAnchors({ ...stored, checkpoints: [...stored.checkpoints, ...put] }, keys)
  const verifier = new ChainVerifier({ ...anchors, isPartial: flag(input, 'partial') })
  for (const problem of problems) verifier.report(problem)
  for (const name of unreadable) {
    const message = `${name} is no checkpoint`
    verifier.report({ code: 'CHECKPOINT_FORGED', sequence: null, id: null, message })
  }
  const isSigned = stored.checkpoints.length + stored.removals.length + put.length > 0
  if (keys.size === 0 && isSigned) verifier.note('signatures were not checked: give --public-key')
  return verifier
}

async function verifyDatabase(input: CommandInput): Promise<ChainReport> {
  const file = await openAudit(databaseOf(input))
  try {
    const verifier = createVerifier(input, { checkpoints: file.checkpoints, removals: file.prunes })
    for (const rows of [file.chained(), file.unchained()]) {
      for await (const row of rows) {
        verifier.take(row)
        if (verifier.entries % TICK === 0) await tick(input, verifier)
      }
    }
    return verifier.end(file.head ?? { sequence: 0, hash: '' })
  } finally {
    await file.close()
  }
}

/** DATABASE_URL is where the dashboard keeps it; a data directory that is named is meant. */
function databaseOf(input: CommandInput): string {
  const given = text(input, 'database')
  if (given !== undefined) return given
  const isNamed = text(input, 'data-dir') !== undefined
  return (isNamed ? undefined : process.env.DATABASE_URL) || databaseFileIn(dataDirOf(input))
}

async function verifyExport(input: CommandInput, path: string): Promise<ChainReport> {
  const verifier = createVerifier(input, { checkpoints: [], removals: [] })
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
  if (report.checkpoints > 0) await terminal.line(`${countOf(report.checkpoints, 'checkpoint')} met`)
  const more = report.problemCount - report.problems.length
  if (more > 0) await terminal.line(`problem  and ${countOf(more, 'other')}`)
  for (const note of report.notes) await terminal.line(`note  ${note}`)
  const range = report.first === null ? 'no chained entry' : `entries ${report.first} to ${report.last}`
  const sealed = report.sealed > 0 ? `, ${report.sealed} from before the chain` : ''
  await terminal.line(report.ok ? `${range}${sealed}: the chain is whole` : `${range}${sealed}: the chain is broken`)
  if (report.lastHash !== null) await terminal.line(`hash of entry ${report.last}: ${report.lastHash}`)
}
