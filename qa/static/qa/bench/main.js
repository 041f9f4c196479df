/** The reviewer's bench. */

import { Bench } from "./bench.js";

new Bench().start();
