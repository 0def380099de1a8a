import { conformanceSuite } from './conformance/suite.ts'

conformanceSuite({ shortcuts: true })
