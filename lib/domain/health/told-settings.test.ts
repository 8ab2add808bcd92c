import { expect, it } from 'vitest'
import { pickProperties, pickRunning, pickZooCfg, propertyOf, runningOf } from './told-settings.ts'

it('takes the settings that matter and leaves the rest, which may hold passwords', () => {
  const picked = pickProperties({
    'zookeeper.forceSync': 'no',
    'jute.maxbuffer': 4194304,
    'zookeeper.ssl.keyStore.password': 'hidden-secret',
    'zookeeper.DigestAuthenticationProvider.superDigest': 'super:hidden-secret',
    'sun.java.command': 'QuorumPeerMain',
  })
  expect(picked).toEqual({ 'zookeeper.forceSync': 'no', 'jute.maxbuffer': '4194304' })
  expect(pickZooCfg('# x\nautopurge.purgeInterval=1\nssl.keyStore.password=hidden-secret\ntickTime = 2000\n')).toEqual({
    'autopurge.purgeInterval': '1',
    tickTime: '2000',
  })
})

it('the AdminServer and conf name running settings differently', () => {
  const expected = { tickTime: '2000', maxClientCnxns: '60' }
  expect(pickRunning({ tick_time: 2000, max_client_cnxns: 60, data_dir: '/x' })).toEqual(expected)
  expect(pickRunning({ tickTime: '2000', maxClientCnxns: '60', dataDir: '/x' })).toEqual(expected)
})

it('what is not told is not known; told but not set is the default', () => {
  expect(propertyOf({ properties: null }, 'zookeeper.skipACL', 'no')).toEqual({ known: false })
  expect(propertyOf({ properties: {} }, 'zookeeper.skipACL', 'no')).toEqual({
    known: true,
    value: 'no',
    isDefault: true,
  })
  expect(propertyOf({ properties: { 'zookeeper.skipACL': 'yes' } }, 'zookeeper.skipACL', 'no')).toEqual({
    known: true,
    value: 'yes',
    isDefault: false,
  })
  expect(runningOf({ running: {} }, 'tickTime')).toEqual({ known: false })
})
