// What can be wrong with a definition or a change of one.
import { defineErrors } from "../kernel/errors/index.ts";

export const definitionErrors = defineErrors({
  collection_not_found: {
    status: 404,
    says: "There is no such collection.",
    advice: "Check the name, or list the collections your credential may see.",
  },
  collection_invalid: {
    status: 422,
    says: "The definition cannot be used as it is.",
    advice: "Mend what `errors` names and send it again.",
  },
  collection_name_taken: {
    status: 409,
    says: "The name is taken by another collection.",
    advice: "Choose another name, or change the existing collection with PATCH.",
  },
  collection_table_exists: {
    status: 409,
    says: "The database already has a table, view or index of that name that is not ours.",
    advice: "Choose another name; existing tables are left untouched.",
  },
  collection_limit: {
    status: 409,
    says: "There are {max} collections, the most a project may have.",
    advice: "Drop one that is not used, or keep this data in an existing collection.",
  },
  collection_change_refused: {
    status: 409,
    says: "The change would lose values or break something that is in use.",
    advice: "`errors` names each reason and what to do about it.",
  },
  collection_changed: {
    status: 412,
    says: "The definition changed since you read it.",
    advice: "Read it again and reapply your change.",
  },
  collection_busy: {
    status: 503,
    says: "The collection is in use and could not be locked in time. Nothing was changed.",
    advice: "Try again after the time in Retry-After; long reads or another change of a definition may be running.",
  },
  collection_not_permitted: {
    status: 409,
    says: "The database role may not create or change tables here.",
    advice: "Run `landfall doctor`; it prints the missing GRANT.",
  },
});
