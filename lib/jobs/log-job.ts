import type { Prisma } from '../adapters/database/generated/client.ts'

const MESSAGE_CHARACTERS_MAX = 2000

/** One line of a job's log, for the people who look at the job. */
export async function logJob(
  db: Pick<Prisma.TransactionClient, 'jobLog'>,
  line: {
    readonly jobId: string
    readonly level: 'info' | 'warn' | 'error'
    readonly message: string
    readonly nowMs: number
  },
): Promise<void> {
  await db.jobLog.create({
    data: {
      jobId: line.jobId,
      at: new Date(line.nowMs),
      level: line.level,
      message: line.message.slice(0, MESSAGE_CHARACTERS_MAX),
    },
    select: { id: true },
  })
}
