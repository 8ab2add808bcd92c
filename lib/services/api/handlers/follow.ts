import { getFollow } from '../../follow/get-follow.ts'
import { setFollow } from '../../follow/set-follow.ts'
import { testQuorum } from '../../follow/test-quorum.ts'
import type { followOperations } from '../contract/follow.ts'
import type { Handlers } from '../handler.ts'

export const followHandlers: Handlers<typeof followOperations> = {
  getFollow: (context, { params }) => getFollow(context, params.clusterId),
  setFollow: async (context, { params, body: { tls, ...body } }) => {
    await setFollow(context, { ...params, ...body, tls: { kind: tls } })
    return getFollow(context, params.clusterId)
  },
  testQuorum: (context, { params }) => testQuorum(context, params),
}
