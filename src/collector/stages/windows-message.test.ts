import { expect, test } from 'vitest'
import { runStages } from '../testing/run-stages.ts'

const MESSAGE = [
  'An account was logged on.',
  '',
  'Subject:',
  '\tSecurity ID:\t\tS-1-1-1',
  '\tAccount Name:\t\tBOX$',
  '',
  'Impersonation Level:\t\tDelegation',
  '',
  'New Logon:',
  '\tAccount Name:\t\tann',
  '\tPackage Name (NTLM only):\t-',
  '',
  'Privileges:\t\tSeTcb',
  '\t\t\tSeBackup',
  '',
  'This event is generated when a session is created.',
  '\t- It says so.',
].join('\r\n')

/** What a stage adds to the extracted values, shown through stage.pack's JSON of labels. */
async function extracted(stage: string, args: Record<string, unknown>, message: string, keys: string[]) {
  const values = Object.fromEntries(keys.map((key, i) => [`k${i}`, key]))
  const out = await runStages(
    [
      ['json', { expressions: { message: '', Old: '' } }],
      [stage, args],
      ['labels', { values }],
    ],
    [JSON.stringify({ message, Old: 'old' })],
  )
  return keys.map((_, i) => out[0].labels[`k${i}`])
}

test.each<[string, Record<string, unknown>, string, Record<string, string | undefined>]>([
  [
    'windowsevent',
    {},
    MESSAGE,
    {
      Description: 'An account was logged on.',
      Subject_SecurityID: 'S-1-1-1',
      Subject_AccountName: 'BOX$',
      ImpersonationLevel: 'Delegation',
      NewLogon_AccountName: 'ann',
      'NewLogon_PackageName(NTLMonly)': '-',
      Privileges: 'SeTcb,SeBackup',
    },
  ],
  ['windowsevent', {}, 'Text.\r\n\r\nOld: new\r\nB: 2', { Old: 'old', Old_extracted: 'new', B: '2' }],
  [
    'windowsevent',
    { overwrite_existing: true },
    'Text.\r\n\r\nOld: new',
    { Old: 'new', Description: 'Text.' },
  ],
  ['windowsevent', {}, 'Started: an update.', { Description: 'Started: an update.' }],
  ['eventlogmessage', {}, 'Image: C:\\a.exe\r\nMy Key: 1\r\nnone', { Image: 'C:\\a.exe', My_Key: '1' }],
  ['eventlogmessage', { drop_invalid_labels: true }, 'My Key: 1\r\nB: 2', { My_Key: undefined, B: '2' }],
  ['eventlogmessage', {}, 'Old: new', { Old: 'old', Old_extracted: 'new' }],
  ['eventlogmessage', { overwrite_existing: true }, 'Old: new', { Old: 'new' }],
])('%s %j of %j', async (stage, args, message, expected) => {
  const made = await extracted(stage, args, message, Object.keys(expected))
  expect(made).toEqual(Object.values(expected))
})

test.each(['windowsevent', 'eventlogmessage'])('%s needs a source', async (stage) => {
  await expect(runStages([[stage, { source: '' }]], [])).rejects.toThrow('invalid label name: ')
})
