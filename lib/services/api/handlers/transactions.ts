import { listLiveTransactions } from '../../live/list-transactions.ts'
import { undoTransaction } from '../../restores/undo-transaction.ts'
import type { transactionOperations } from '../contract/transactions.ts'
import type { Handlers } from '../handler.ts'

export const transactionHandlers: Handlers<typeof transactionOperations> = {
  listTransactions: async (context, { params, query }) => {
    const { under, type, after, limit } = query
    const types = type === undefined ? [] : [type]
    const { transactions, next } = await listLiveTransactions(context, {
      ...params,
      under,
      types,
      before: after,
      limit,
    })
    return { items: transactions, next }
  },
  undoTransaction: (context, { params, body: { zxid, ...options } }) =>
    undoTransaction(context, { ...params, zxid }, options),
}
