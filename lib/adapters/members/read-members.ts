import { isAbsolute, normalize } from 'node:path'
import { z } from 'zod'
import { configFileSchema, invalidConfig, parseConfig, readConfig } from './internal/config-file.ts'
import type { Member, MembersPort } from './members.ts'

const folder = z
  .string()
  .trim()
  .refine((path) => isAbsolute(path), 'must be an absolute path')
  .transform((path) => normalize(path).replace(/\/+$/, ''))
  // The parent of version-2 is what zoo.cfg calls dataDir; people often name the folder itself.
  .transform((path) => path.replace(/\/version-2$/, '') || '/')
const command = z.array(z.string().min(1)).min(1)
const id = z.number().int().min(0).max(0xffff_ffff)

const memberSchema = z.strictObject({
  cluster: z.string().trim().min(1),
  name: z.string().trim().min(1).max(60),
  dataDir: folder,
  dataLogDir: folder.optional(),
  zooCfg: z.string().trim().refine(isAbsolute, 'must be an absolute path').optional(),
  client: z
    .string()
    .trim()
    .regex(/^\S+:\d{1,5}$/, 'must be host:port')
    .optional(),
  adminUrl: z.url({ protocol: /^https?$/ }).optional(),
  stop: command.optional(),
  start: command.optional(),
  owner: z.strictObject({ uid: id, gid: id }).optional(),
})
const configSchema = configFileSchema.extend({ members: z.array(memberSchema).max(1000).default([]) })

/** The members that the JSON file names; README.md, "Members", describes it. */
export function createMembers(file: string): MembersPort {
  return {
    list: async () => {
      const text = await readConfig(file)
      return text === null ? [] : parseMembers(text, file)
    },
  }
}

/** Throws CONFIG_INVALID, naming the place. */
export function parseMembers(text: string, file: string): Member[] {
  const parsed = parseConfig(configSchema, text, file)
  const seen = new Set<string>()
  for (const { cluster, name } of parsed.members) {
    const key = JSON.stringify([cluster, name])
    if (seen.has(key)) throw invalidConfig(file, `the member ${name} of ${cluster} is there twice`)
    seen.add(key)
  }
  assertApart(parsed.members, file)
  return parsed.members.map((member) => ({
    cluster: member.cluster,
    name: member.name,
    dataDir: member.dataDir,
    dataLogDir: member.dataLogDir ?? member.dataDir,
    zooCfg: member.zooCfg ?? null,
    client: member.client ?? null,
    adminUrl: member.adminUrl ?? null,
    stop: member.stop ?? null,
    start: member.start ?? null,
    owner: member.owner ?? null,
  }))
}

/** Two members of one cluster with one directory: the files of one of them are somewhere that nobody named. */
function assertApart(members: z.output<typeof configSchema>['members'], file: string): void {
  const owners = new Map<string, string>()
  for (const { cluster, name, dataDir, dataLogDir = dataDir } of members) {
    for (const dir of new Set([dataDir, dataLogDir])) {
      const key = JSON.stringify([cluster, dir])
      const other = owners.get(key)
      if (other !== undefined) throw invalidConfig(file, `the members ${other} and ${name} of ${cluster} share ${dir}`)
      owners.set(key, name)
    }
  }
}
