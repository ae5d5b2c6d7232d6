// What a page does in the browser: colours, copying code, search. Each part starts by showing its own button.
import "./fonts.css";
import "../../../brand/tokens.css";
import "./site.css";
import "../../../brand/favicon.svg?url";
import { startCopying } from "./copy.ts";
import { startReadingPlace } from "./reading-place.ts";
import { startScheme } from "./scheme.ts";
import { startSearch } from "./search.ts";

startScheme();
startCopying();
startSearch();
startReadingPlace();
