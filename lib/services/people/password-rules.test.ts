import { expect, test } from 'vitest'
import { assertPasswordHardToGuess, isEasyToGuess } from './password-rules.ts'

const ADA = { email: 'ada.lovelace@engine.example', name: 'Ada Lovelace' }

test.each([
  'password12',
  'Password2024!',
  'P@ssw0rd!2025',
  'passwordpassword',
  'qwertyuiop',
  'Qwertz123456',
  '1234567890',
  '0987654321',
  'aaaaaaaaaa',
  'abababababab',
  'abcdefghijkl',
  '1q2w3e4r5t6y',
  'Summer-2026-!',
  'letmein-letmein',
  'changeme-admin-1',
  'zookeeper-admin',
  'Welcome to Arkeeper',
  'ada.lovelace1',
  'Lovelace-1815!',
  'AdaLovelaceAda',
  'correct horse battery staple',
])('%s is easy to guess', (password) => {
  expect(isEasyToGuess(password, ADA)).toBe(true)
  expect(() => assertPasswordHardToGuess(password, ADA)).toThrow(/easy to guess/)
})

test.each([
  'a long enough password',
  'planted-password-1',
  'xK7-qmZ2-pppR',
  'Wn0_eI7bXq2Tt1',
  'ferry under gravel',
  '829471638205',
  'lovelace counts teapots',
  'größere Kähne',
])('%s is not', (password) => {
  expect(isEasyToGuess(password, ADA)).toBe(false)
  expect(() => assertPasswordHardToGuess(password, ADA)).not.toThrow()
})
