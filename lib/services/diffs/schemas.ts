import { z } from 'zod'
import { parseTreeRef } from '../tree/tree-ref.ts'

const treeRef = z.string().refine((text) => parseTreeRef(text) !== null, 'This is no tree')
export const startDiffSchema = z.object({
  /** What changed from `left` to `right`: added means only in right. */
  left: treeRef,
  right: treeRef,
  path: z.string().default('/'),
  includeEphemerals: z.boolean().default(false),
})
export const changeFilterSchema = z.object({
  kinds: z.array(z.enum(['added', 'removed', 'changed'])).default([]),
  fields: z.array(z.enum(['data', 'acl', 'kind'])).default([]),
  /** Case-insensitive part of the path. */
  search: z.string().trim().max(500).default(''),
})
export type ChangeFilter = z.infer<typeof changeFilterSchema>

/** `show`: what the ignore rules hide is shown too, and marked. */
export const IGNORED_MODES = ['hide', 'show'] as const
export type IgnoredMode = (typeof IGNORED_MODES)[number]

/** As many as one restore takes. */
export const resolvePicksSchema = z.object({
  diffId: z.string(),
  paths: z.array(z.string()).max(10_000).default([]),
  subtrees: z.array(z.string()).max(1000).default([]),
  ignored: z.enum(IGNORED_MODES).default('hide'),
})
