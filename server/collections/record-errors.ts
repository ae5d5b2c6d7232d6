// Every way in which reading or writing records can fail, as the caller is told. One 404 for all that a caller may not
// know about: a collection without a rule for them, an invisible record and a missing one get the same words.
import { defineErrors } from "../kernel/errors/index.ts";

export const errors = defineErrors({
  record_not_found: {
    status: 404,
    says: "There is no such record.",
    advice: "Check the collection, the id and the credential.",
  },
  record_forbidden: {
    status: 403,
    says: "The rules of this collection do not allow this.",
    advice: "The last denials in the console name the clause that refused; so does X-Landfall-Explain-As, to an admin.",
  },
  record_invalid: {
    status: 400,
    says: "The record is not valid.",
    advice: "Correct the listed fields.",
  },
  record_unprocessable: {
    status: 422,
    says: "A value of the record is not possible.",
    advice: "Correct the listed fields.",
  },
  record_conflict: {
    status: 409,
    says: "A value that must be unique is taken.",
    advice: "Choose another value for the listed fields.",
  },
  record_in_use: {
    status: 409,
    says: "Other records still refer to this record.",
    advice: "Change or delete them first.",
  },
  record_cascade_too_large: {
    status: 409,
    says: "Deleting this record would change more than {max} other records.",
    advice: "Delete the referring records in smaller steps first.",
  },
  record_version_conflict: {
    status: 412,
    says: "The record is not the one you read: it changed, or is gone.",
    advice: "Read it again and reapply the change.",
  },
  record_exists: {
    status: 412,
    says: "There is a record with this id already.",
    advice: "Leave `If-None-Match` out to replace it.",
  },
  record_precondition_required: {
    status: 428,
    says: "This collection requires If-Match.",
    advice: "Send the ETag of the record you read, or `If-Match: *`, or for a new record `If-None-Match: *`.",
  },
  record_busy: {
    status: 409,
    says: "The record is being changed by someone else.",
    advice: "Try again.",
  },
  record_definition_changed: {
    status: 409,
    says: "The definition of a collection changed meanwhile.",
    advice: "Send it again.",
  },
  query_invalid: {
    status: 400,
    says: "The query is not valid.",
    advice: "Correct the listed parameters.",
  },
  query_too_expensive: {
    status: 422,
    says: "The query took longer than {seconds} seconds.",
    advice: "Ask for less: a narrower filter, an indexed sort, or no exact count.",
  },
  cursor_invalid: {
    status: 400,
    says: "The cursor does not belong to this query.",
    advice: "Start again without a cursor; filter, sort and credential must stay the same between pages.",
  },
  batch_invalid: {
    status: 400,
    says: "The batch is not valid.",
    advice: "Correct the listed operations.",
  },
  import_invalid: {
    status: 400,
    says: "Line {line} of the import is not valid.",
    advice: "Each line is one JSON object of at most {maxKiB} KiB.",
  },
  import_too_large: {
    status: 422,
    says: "An atomic import takes at most {max} records.",
    advice: "Import without `atomic`, or split the file.",
  },
  import_mismatch: {
    status: 409,
    says: "This import id belongs to another import.",
    advice: "Use a new id, or the same collection and credential as before.",
  },
  import_busy: {
    status: 409,
    says: "This import is running.",
    advice: "Wait for it to end, then resume.",
  },
});
