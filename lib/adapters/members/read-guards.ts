import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { type GuardedApplication, parseApplications } from '../../domain/guards/application.ts'
import { MembersError } from './errors.ts'
import { configFileSchema, invalidConfig, parseConfig, readConfig } from './internal/config-file.ts'

const sectionSchema = z.strictObject({ applications: z.unknown().optional() })
const configSchema = configFileSchema.extend({ guards: z.union([z.string().min(1), sectionSchema]).optional() })

/** The applications of the section `guards`: themselves, or the name of a JSON file that holds them, seen from where this one is. */
export function createGuardRules(file: string): { list(): Promise<GuardedApplication[]> } {
  return {
    list: async () => {
      const text = await readConfig(file)
      const guards = text === null ? undefined : parseConfig(configSchema, text, file).guards
      if (guards === undefined) return []
      if (typeof guards !== 'string') return toApplications(guards.applications, file, 'guards.applications')
      const other = resolve(dirname(file), guards)
      const named = await readConfig(other)
      if (named === null) {
        throw new MembersError('CONFIG_UNREADABLE', `${other}, which ${file} names for its guards, does not exist`, {
          remedy: 'correct the name, or leave the section guards out',
        })
      }
      return toApplications(parseConfig(sectionSchema, named, other).applications, other, 'applications')
    },
  }
}

function toApplications(json: unknown, file: string, place: string): GuardedApplication[] {
  const parsed = parseApplications(json)
  if (!parsed.ok) throw invalidConfig(file, `${place}: ${parsed.fault}`)
  return parsed.applications
}
