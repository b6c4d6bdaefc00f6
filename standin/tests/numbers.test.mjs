// Lookup and dialing permissions.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { everyOperationOf, get } from "./stage.mjs";

describe("numbers", () => {
  test("a number may be looked up and dialled", async () => {
    const lookup = async (number, country) =>
      (await get(`/lookups/v2/PhoneNumbers/${encodeURIComponent(number)}`, country ? { CountryCode: country } : {})).body;
    for (const [number, country, result] of [
      ["+14155552671", undefined, "+14155552671"],
      ["(415) 555-2671", undefined, "+14155552671"],
      ["+551187654321", undefined, "+5511987654321"],
      ["11 98765-4321", "BR", "+5511987654321"],
      ["011987654321", "BR", "+5511987654321"],
      ["+5511 3456-7890", undefined, "+551134567890"],
      ["0171 2345678", "DE", "+491712345678"],
      ["07911 123456", "GB", "+447911123456"],
      ["+44 (0)20 7183 8750", undefined, "+442071838750"],
      ["+49 (0)171 2345678", undefined, "+491712345678"],
    ]) {
      const { valid, phone_number: normal } = await lookup(number, country);
      assert.deepEqual([valid, normal], [true, result], number);
    }
    for (const [number, country, reason] of [
      ["+1415555", undefined, "TOO_SHORT"],
      ["+141555526711", undefined, "TOO_LONG"],
      ["+10155552671", undefined, "INVALID_BUT_POSSIBLE"],
      ["hello", undefined, "NOT_A_NUMBER"],
      ["+99912345678", undefined, "INVALID_COUNTRY_CODE"],
      ["12345", "XX", "INVALID_COUNTRY_CODE"],
    ]) {
      const { valid, validation_errors: errors, country_code: code } = await lookup(number, country);
      assert.deepEqual([valid, errors, code], [false, [reason], null], number);
    }
    const countries = "/voice/v1/DialingPermissions/Countries";
    assert.equal((await get(countries, { CountryCode: "49" })).body.content[0].iso_code, "DE");
    assert.equal((await get(`${countries}/US`)).body.low_risk_numbers_enabled, true);
    assert.equal((await get(`${countries}/DE/HighRiskSpecialPrefixes`)).body.content[0].prefix, "+49137");
  });
});

everyOperationOf("numbers");
