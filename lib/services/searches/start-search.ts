import { join } from 'node:path'
import { parseHex } from '../../domain/value/hex.ts'
import { enqueueJob } from '../../jobs/enqueue-job.ts'
import type { ServiceContext } from '../context.ts'
import { describeTreeRef } from '../diffs/describe-tree-ref.ts'
import { mutate } from '../gate.ts'
import { assertRoomForReading } from '../jobs/assert-room-for-reading.ts'
import { parseInput } from '../parse-input.ts'
import { type SearchQuery, type StartSearchInput, startSearchSchema } from './schemas.ts'

/**
 * Asks the worker to search a tree. Only reads. What is looked for in values may be a secret: it is stored encrypted, for the run and for
 * the page of the search; the job and the audit do not have it, only its kind and length.
 */
export async function startSearch(
  context: ServiceContext,
  input: StartSearchInput,
): Promise<{ readonly searchId: string; readonly jobId: string }> {
  const { tree, ...query } = parseInput(startSearchSchema, input)
  const about = await describeTreeRef(context, tree)
  const { path, pathPattern, valueForm, value, ...options } = query
  const searchId = context.newId()
  const jobId = context.newId()
  const nowMs = context.clock.now()
  await mutate(
    context,
    {
      action: 'search.start',
      cluster: { id: about.clusterId, name: about.clusterName },
      path,
      after: { search: searchId, tree: about.label, ...toFacts(query) },
    },
    async (tx) => {
      await assertRoomForReading(tx, context.actor)
      await tx.search.create({
        data: {
          id: searchId,
          clusterId: about.clusterId,
          tree,
          treeLabel: about.label,
          path,
          pathPattern,
          valueForm,
          valueSealed: valueForm === 'none' ? null : context.secrets.seal(value),
          valueLength: lengthOf(query),
          options,
          dir: join('searches', searchId),
          createdById: context.actor.id ?? 'system',
          createdAt: new Date(nowMs),
          jobId,
        },
        select: { id: true },
      })
      await enqueueJob(tx, {
        id: jobId,
        kind: 'search',
        payload: { searchId },
        clusterId: about.clusterId,
        subjectId: searchId,
        actor: context.actor,
        nowMs,
      })
    },
  )
  return { searchId, jobId }
}

function toFacts(query: SearchQuery): Record<string, string | number | boolean> {
  const { pathPattern, valueForm, matchCase, kind, minBytes, maxBytes } = query
  return {
    where: valueForm === 'none' ? 'path' : 'value',
    ...(pathPattern === '' ? {} : { pathPattern }),
    ...(valueForm === 'text' ? { valueCharacters: lengthOf(query) } : {}),
    ...(valueForm === 'hex' ? { valueBytes: lengthOf(query) } : {}),
    ...(valueForm === 'hex' && pathPattern === '' ? {} : { matchCase }),
    ...(kind === 'any' ? {} : { kind }),
    ...(minBytes === null ? {} : { minBytes }),
    ...(maxBytes === null ? {} : { maxBytes }),
  }
}

function lengthOf({ valueForm, value }: SearchQuery): number {
  if (valueForm === 'none') return 0
  if (valueForm === 'text') return [...value].length
  const parsed = parseHex(value)
  return parsed.kind === 'bytes' ? parsed.bytes.length : 0
}
