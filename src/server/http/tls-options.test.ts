import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../testing.ts'

// Made for this test; signed by itself and valid until 2099.
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgTGdMnogqu7kGFqjg
7ZdOJeYYVr3Oesjrr/s6Fesoe5ehRANCAATEK4ODOlfdP4o1Usfnp5pWkheEtEbH
YBLmNpNHtL3ic9m7aR3w+h6Wb4aIoGN4+hw/P/aDft0YvoMlOVehVg7P
-----END PRIVATE KEY-----
`
const CERT = `-----BEGIN CERTIFICATE-----
MIIBZDCCAQqgAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjQwMTAxMDAwMDAwWhgPMjA5OTAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABMQrg4M6V90/ijVS
x+enmlaSF4S0RsdgEuY2k0e0veJz2btpHfD6HpZvhoigY3j6HD8/9oN+3Ri+gyU5
V6FWDs+jSzBJMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAMBgNVHRMEBTAD
AQH/MB0GA1UdDgQWBBQNrUksfgyp3vadmfph7b9SLlz7SjAKBggqhkjOPQQDAgNI
ADBFAiEAqIjG0fpQea2TjWP9VPM8u2yiusn3lFl2dhkCfHREuV4CIH4tDdh4pS7p
xZHbht9WfMXAdpKyAB+XOIL32abKqAoP
-----END CERTIFICATE-----
`

// Of somebody the server does not know.
const FOREIGN_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgrxhSBq6yCJev9gvI
orNku+RoN8/L3vspB//S9wmqca2hRANCAATpYD8rDcMf7Bl6Ji6lqbQ3yG+bDFIc
Kl3WpM4pZ4S4dyQPQ5U8IctYlvxRDc2SinIWnBoNz8gkdFYHM3PkV3d2
-----END PRIVATE KEY-----
`
const FOREIGN_CERT = `-----BEGIN CERTIFICATE-----
MIIBfTCCASOgAwIBAgIUUUCnQV9L7ujbuzHvx08P/Zl63fwwCgYIKoZIzj0EAwIw
EzERMA8GA1UEAwwIc3RyYW5nZXIwIBcNMjYxMTIyMDAzMjMzWhgPMjEwMDEwMjUw
MDMyMzNaMBMxETAPBgNVBAMMCHN0cmFuZ2VyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAE6WA/Kw3DH+wZeiYupam0N8hvmwxSHCpd1qTOKWeEuHckD0OVPCHLWJb8
UQ3NkopyFpwaDc/IJHRWBzNz5Fd3dqNTMFEwHQYDVR0OBBYEFGIxmfZveIbX7m/y
ihb+jC8o6jjTMB8GA1UdIwQYMBaAFGIxmfZveIbX7m/yihb+jC8o6jjTMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgBT8K6TyU6q0fWWns+wFYQruf
LqifSoesIuH/hSpA5KoCIQDxGwRTN90H3TfNEyiYc9iCP5dthUMItOIUaKmMqJ0W
GA==
-----END CERTIFICATE-----
`

const dir = mkdtempSync(join(tmpdir(), 'logboom-tls-'))
const certFile = join(dir, 'cert.pem')
const keyFile = join(dir, 'key.pem')
const pair = `cert_file: ${certFile}, key_file: ${keyFile}`
let server: TestServer

beforeAll(async () => {
  writeFileSync(certFile, CERT)
  writeFileSync(keyFile, KEY)
  server = await startTestServer(`auth_enabled: false\nserver: {http_tls_config: {${pair}}}`)
})

afterAll(async () => {
  await server.close()
  rmSync(dir, { recursive: true, force: true })
})

function get(url: string, options: RequestOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/ready`, { ca: CERT, agent: false, ...options }, async (response) => {
      let text = ''
      for await (const chunk of response) text += String(chunk)
      resolve(text)
    })
    sent.on('error', reject)
    sent.end()
  })
}

test('the server speaks TLS with the files of http_tls_config, and nothing else', async () => {
  expect(server.url).toMatch(/^https:/)
  expect(await get(server.url)).toBe('ready\n')
  await expect(fetch(`${server.url.replace('https', 'http')}/ready`)).rejects.toThrow()
})

test('clients without a certificate are turned away where one is required', async () => {
  const tls = `${pair}, client_ca_file: ${certFile}, client_auth_type: RequireAndVerifyClientCert`
  const mutual = await startTestServer(`auth_enabled: false\nserver: {http_tls_config: {${tls}}}`)
  expect(await get(mutual.url, { cert: CERT, key: KEY })).toBe('ready\n')
  await expect(get(mutual.url)).rejects.toThrow()
  await mutual.close()
})

test.each([
  ['RequireAnyClientCert', '', { none: false, foreign: true, own: true }],
  ['VerifyClientCertIfGiven', `, client_ca_file: ${certFile}`, { none: true, foreign: false, own: true }],
  ['RequestClientCert', `, client_ca_file: ${certFile}`, { none: true, foreign: true, own: true }],
  ['RequireAndVerifyClientCert', `, client_ca_file: ${certFile}`, { none: false, foreign: false, own: true }],
])('%s lets through whom Go lets through', async (type, ca, expected) => {
  const tls = `${pair}${ca}, client_auth_type: ${type}`
  const mutual = await startTestServer(`auth_enabled: false\nserver: {http_tls_config: {${tls}}}`)
  const passes = (options: RequestOptions): Promise<boolean> =>
    get(mutual.url, options).then(
      (text) => text === 'ready\n',
      () => false,
    )
  const seen = {
    none: await passes({}),
    foreign: await passes({ cert: FOREIGN_CERT, key: FOREIGN_KEY }),
    own: await passes({ cert: CERT, key: KEY }),
  }
  await mutual.close()
  expect(seen).toEqual(expected)
})

test('a verified certificate says who the client is', async () => {
  const tls = `${pair}, client_ca_file: ${certFile}, client_auth_type: VerifyClientCertIfGiven`
  const access = '{open_paths: [], clients: [{name: agent, certificate_name: localhost, allow: [admin]}]}'
  const mutual = await startTestServer(
    `auth_enabled: false\nserver: {http_tls_config: {${tls}}}\naccess: ${access}`,
  )
  expect(await get(mutual.url, { cert: CERT, key: KEY })).toBe('ready\n')
  expect(await get(mutual.url)).toBe('credentials required\n')
  await mutual.close()
})

test.each([
  [`cert_file: ${certFile}`, /names no certificate or no key/],
  [`cert_file: /nope, key_file: ${keyFile}`, /cert_file \/nope, which cannot be read/],
  [`${pair}, client_auth_type: Whatever`, /"Whatever", which is not supported; use one of NoClientCert/],
  [`${pair}, client_auth_type: RequireAndVerifyClientCert`, /set `client_ca_file`/],
])('%s does not start', async (tls, problem) => {
  await expect(startTestServer(`auth_enabled: false\nserver: {http_tls_config: {${tls}}}`)).rejects.toThrow(
    problem,
  )
})
