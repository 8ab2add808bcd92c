import { respondApi } from '@/app/_server/respond-api.ts'

async function handle(request: Request, { params }: { params: Promise<{ path: string[] }> }): Promise<Response> {
  return respondApi(request, (await params).path)
}

export { handle as GET, handle as POST, handle as DELETE }
