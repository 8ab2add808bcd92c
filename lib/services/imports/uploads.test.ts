import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestServices, type TestServices } from '../../testing/service-context.ts'
import type { ServiceContext } from '../context.ts'
import { sweepUploads, UPLOAD, uploadFolder } from './uploads.ts'

let services: TestServices
let context: ServiceContext
beforeEach(async () => {
  services = await createTestServices()
  context = services.contextFor('operator')
})
afterEach(() => services.close())

const hoursAgo = (hours: number) => new Date(services.clock.now() - hours * 3_600_000)

async function leave(jobId: string, begun: Date, written: Date): Promise<void> {
  const { dir } = await context.workFiles.begin(uploadFolder(jobId))
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, UPLOAD), 'half of it')
  await utimes(join(dir, UPLOAD), written, written)
  await utimes(dir, begun, begun)
}

test('an upload that still arrives stays, however long ago it began; one that was broken off is removed', async () => {
  await leave('slow', hoursAgo(5), hoursAgo(0))
  await leave('broken-off', hoursAgo(5), hoursAgo(3))
  await sweepUploads(context)
  expect(await readdir(join(context.paths.workDir, 'imports'))).toEqual(['slow'])
})
