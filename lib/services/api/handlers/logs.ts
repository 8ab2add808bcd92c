import { getLogKeeping } from '../../logs/get-log-keeping.ts'
import { keepLogs } from '../../logs/keep-logs.ts'
import { mendPiece } from '../../logs/mend-piece.ts'
import type { logOperations } from '../contract/logs.ts'
import type { Handlers } from '../handler.ts'

export const logHandlers: Handlers<typeof logOperations> = {
  getTransactionLog: (context, { params }) => getLogKeeping(context, params.clusterId),
  keepTransactionLog: async (context, { params, body }) => {
    await keepLogs(context, { ...params, ...body })
    return getLogKeeping(context, params.clusterId)
  },
  mendLogPiece: async (context, { params, body }) => {
    await mendPiece(context, { ...params, ...body })
    return getLogKeeping(context, params.clusterId)
  },
}
