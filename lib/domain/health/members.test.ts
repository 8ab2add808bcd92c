import { expect, it } from 'vitest'
import { hostOf, parseMembers, toClientAddress } from './members.ts'

it('reads the lines of /zookeeper/config, of conf and of zoo.cfg alike', () => {
  const text = `tickTime=2000
server.1=zk1:2888:3888:participant;0.0.0.0:2181
server.2=zk2:2888:3888:participant;10.0.0.2:2182
server.3=zk3:2888:3888:observer;2181
server.4=zk4:2888:3888
server.5=[2001:db8::5]:2888:3888:participant;[::]:2181
server.6=zk6a:2888:3888|zk6b:2889:3889:participant;2181
server.x=nonsense
version=100000000`
  expect(parseMembers(text)).toEqual([
    { id: 1, host: 'zk1', isVoter: true, client: 'zk1:2181' },
    { id: 2, host: 'zk2', isVoter: true, client: '10.0.0.2:2182' },
    { id: 3, host: 'zk3', isVoter: false, client: 'zk3:2181' },
    { id: 4, host: 'zk4', isVoter: true, client: null },
    { id: 5, host: '2001:db8::5', isVoter: true, client: '[2001:db8::5]:2181' },
    { id: 6, host: 'zk6a', isVoter: true, client: 'zk6a:2181' },
  ])
})

it('a standalone server has none', () => {
  expect(parseMembers('clientPort=2181\nserverId=0\n')).toEqual([])
})

it('addresses without a port are none', () => {
  expect([toClientAddress('', 'zk1'), toClientAddress('zk1', 'zk1'), toClientAddress('0.0.0.0:0', 'zk1')]).toEqual([
    null,
    null,
    null,
  ])
  expect([hostOf('zk1:2181'), hostOf('[::1]:2181'), hostOf('zk1')]).toEqual(['zk1', '::1', 'zk1'])
})
