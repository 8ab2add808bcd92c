import { Readable } from 'node:stream'
import { downloadHeaders, respond } from '@/app/_server/respond.ts'
import { openBackupFile } from '@/lib/services/backups/open-backup-file.ts'

export function GET(
  request: Request,
  { params }: { params: Promise<{ backupId: string; name: string }> },
): Promise<Response> {
  return respond(request, async (context) => {
    const { backupId, name } = await params
    const file = await openBackupFile(context, { backupId, name })
    const body = file.stream instanceof Readable ? toWebStream(file.stream) : file.stream
    return new Response(body, {
      headers: downloadHeaders({ name, contentType: file.contentType, bytes: file.bytes }),
    })
  })
}

/** As fast as it is read, and closed when the reader leaves. */
function toWebStream(stream: Readable): ReadableStream<Uint8Array> {
  const iterator: AsyncIterator<unknown> = stream[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else if (value instanceof Uint8Array) controller.enqueue(value)
    },
    cancel() {
      stream.destroy()
    },
  })
}
