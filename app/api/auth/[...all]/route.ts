import { getRuntime } from '@/lib/runtime/runtime.ts'

async function handle(request: Request): Promise<Response> {
  const { auth } = await getRuntime()
  return auth.handler(request)
}

export { handle as GET, handle as POST }
