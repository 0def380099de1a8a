import { conformanceSuite } from './conformance/suite.ts'

// Other threads read whatever is not in memory: the answers stay what they are.
conformanceSuite({ shortcuts: true, threads: true })
