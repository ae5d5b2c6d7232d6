// The JSON form of a definition, for validation at the door and for the OpenAPI document. What depends on other
// collections, on the database or on the type of a field is judged by definition-validate.ts.
import { collectionKinds, fieldTypes, recordActions } from "@landfall/client/wire";
import { z } from "zod";
import type { JsonValue } from "./types.ts";

const ruleLengthMax = 10_000;

export const nameForm = /^[a-z][A-Za-z0-9]{0,62}$/;
const nameText = z.string().regex(nameForm, "Expected a small letter, then up to 62 letters or digits.");
const rule = z.string().min(1).max(ruleLengthMax).nullable();

const jsonValue: z.ZodType<JsonValue> = z.unknown().refine((value) => value !== undefined) as never;

const fieldShape = z
  .strictObject({
    name: nameText.meta({ description: "Name in JSON, in expressions and of the column.", example: "title" }),
    type: z.enum(fieldTypes),
    required: z.boolean().optional().meta({ description: "Refuses null; a required list has at least one element." }),
    many: z.boolean().optional().meta({ description: "A list of values instead of one; never null." }),
    hidden: z.boolean().optional().meta({ description: "Seen and set by admins only." }),
    default: jsonValue.optional().meta({ description: "Value of the field when a create leaves it out." }),
    min: z
      .union([z.number(), z.string().max(100)])
      .optional()
      .meta({ description: "The least value, or characters of a text." }),
    max: z
      .union([z.number(), z.string().max(100)])
      .optional()
      .meta({ description: "The greatest value, or characters of a text." }),
    pattern: z.string().min(1).max(1_000).optional().meta({ description: "A pattern that a text must match." }),
    values: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(500)
      .optional()
      .meta({ description: "The values of a select." }),
    collection: nameText.optional().meta({ description: "Where a relation points to." }),
    onDelete: z
      .enum(["cascade", "setNull", "restrict"])
      .optional()
      .meta({ description: "What happens here when the target of a relation is deleted." }),
    inverse: nameText
      .optional()
      .meta({ description: "Name under which the target sees the records that refer to it." }),
    on: z.enum(["create", "update"]).optional().meta({ description: "When an autodate is set." }),
    rules: z.strictObject({ read: rule.optional(), write: rule.optional() }).optional(),
  })
  .meta({ id: "Field", description: "A field of a collection: one column of its table." });

const changedFieldShape = fieldShape
  .extend({
    was: nameText.optional().meta({ description: "The field's name until now, when this change renames it." }),
  })
  .meta({ id: "ChangedField", description: "A field as a change of its collection gives it." });

const indexShape = z
  .strictObject({
    fields: z.array(nameText).min(1).max(8),
    unique: z.boolean().optional(),
  })
  .meta({ id: "Index", description: "An index over fields of a collection." });

const rulesShape = z
  .strictObject({
    list: rule.optional(),
    get: rule.optional(),
    create: rule.optional(),
    update: rule.optional(),
    delete: rule.optional(),
  })
  .meta({ id: "Rules", description: "Who may do what: a CEL expression for each action. Unset: admins only." });

const limits = { fields: 200, indexes: 32 } as const;

export const collectionShape = z
  .strictObject({
    name: nameText,
    kind: z.enum(collectionKinds).default("base").meta({
      description:
        "`auth`: its records are the users who sign in. Said when the collection is made, and not changed later.",
    }),
    fields: z.array(fieldShape).max(limits.fields).default([]),
    indexes: z.array(indexShape).max(limits.indexes).default([]),
    rules: rulesShape.default({}),
    preconditionRequired: z.boolean().default(false),
  })
  .meta({
    example: {
      name: "posts",
      fields: [
        { name: "title", type: "text", required: true, max: 200 },
        { name: "status", type: "select", values: ["draft", "open"], required: true },
      ],
      indexes: [{ fields: ["status", "createdAt"] }],
      rules: { list: "status == 'open'" },
    },
  });

/** RFC 7396: what is absent stays, lists are replaced whole. A field that is missing from `fields` is dropped. */
export const collectionPatchShape = z
  .strictObject({
    name: nameText.optional(),
    fields: z.array(changedFieldShape).max(limits.fields).optional(),
    indexes: z.array(indexShape).max(limits.indexes).optional(),
    rules: rulesShape.optional(),
    preconditionRequired: z.boolean().optional(),
  })
  .meta({ example: { rules: { list: "status == 'open' || author == auth.id" } } });

export const collectionAnswer = z
  .object({
    id: z.int(),
    name: z.string(),
    kind: z.enum(collectionKinds),
    fields: z.array(fieldShape),
    indexes: z.array(indexShape),
    rules: rulesShape,
    preconditionRequired: z.boolean(),
    verdicts: z
      .partialRecord(z.enum(recordActions), z.enum(["rowLocal", "relational"]))
      .optional()
      .meta({
        description:
          "How each rule is decided: from the row and the caller alone, or by the database. Left out in lists.",
      }),
    estimatedCount: z.int().min(0).optional().meta({
      description: "About how many records there are, as the database last estimated. In lists, for admins.",
    }),
    schemaVersion: z.int(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: "Collection", description: "A collection's definition." });

export type CollectionInput = z.output<typeof collectionShape>;
export type CollectionPatch = z.output<typeof collectionPatchShape>;
