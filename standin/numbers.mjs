// Lookups v2 and Voice dialing permissions: what a telephone number is, and whether it may be dialled.
import { notFound, page } from "./shape.mjs";

// Per country: calling code, the lengths of national numbers, what a valid one looks like, and its national spelling.
const COUNTRIES = {
  US: {
    code: "1",
    trunk: "1",
    lengths: [10],
    valid: /^[2-9]\d{2}[2-9]\d{6}$/,
    spell: (n) => `(${n.slice(0, 3)}) ${n.slice(3, 6)}-${n.slice(6)}`,
  },
  BR: {
    code: "55",
    trunk: "0",
    lengths: [10, 11],
    valid: /^[1-9]{2}(9\d{8}|[2-5]\d{7})$/,
    spell: (n) => `(${n.slice(0, 2)}) ${n.slice(2, -4)}-${n.slice(-4)}`,
  },
  DE: {
    code: "49",
    trunk: "0",
    lengths: [6, 7, 8, 9, 10, 11, 12, 13],
    valid: /^(1[5-7]\d{8,9}|[2-9]\d{5,11})$/,
    spell: (n) => `0${n.slice(0, 3)} ${n.slice(3)}`,
  },
  GB: { code: "44", trunk: "0", lengths: [9, 10], valid: /^(7\d{9}|[12358]\d{8,9})$/, spell: (n) => `0${n.slice(0, 4)} ${n.slice(4)}` },
};

/**
 * Brazilian mobiles got a ninth digit; a number written without it is still one, and Lookup answers it with. A trunk prefix
 * behind the country code, as in `+44 (0)20 …`, goes when the number is valid without it only.
 */
function normalise(country, digits) {
  const { trunk, valid } = COUNTRIES[country];
  const bare = digits.slice(trunk.length);
  if (digits.startsWith(trunk) && !valid.test(digits) && valid.test(bare)) return bare;
  return country === "BR" && /^[1-9]{2}[6-9]\d{7}$/.test(digits) ? `${digits.slice(0, 2)}9${digits.slice(2)}` : digits;
}

function split(text, defaultCountry) {
  const digits = text.replace(/\D/g, "");
  if (text.trim().startsWith("+")) {
    const found = Object.entries(COUNTRIES).find(([, { code }]) => digits.startsWith(code));
    return found
      ? { country: found[0], national: digits.slice(found[1].code.length), digits }
      : { country: null, national: digits, digits };
  }
  const { trunk } = COUNTRIES[defaultCountry];
  return { country: defaultCountry, national: digits.startsWith(trunk) ? digits.slice(trunk.length) : digits, digits };
}

function errorOf(country, national) {
  const { lengths, valid } = COUNTRIES[country];
  if (national.length < Math.min(...lengths)) return "TOO_SHORT";
  if (national.length > Math.max(...lengths)) return "TOO_LONG";
  if (!lengths.includes(national.length)) return "INVALID_LENGTH";
  return valid.test(national) ? null : "INVALID_BUT_POSSIBLE";
}

export function createNumbers() {
  const nothing = Object.fromEntries(
    [
      "caller_name",
      "sim_swap",
      "call_forwarding",
      "line_status",
      "line_type_intelligence",
      "identity_match",
      "reassigned_number",
      "sms_pumping_risk",
      "phone_number_quality_score",
      "pre_fill",
    ].map((name) => [name, null]),
  );

  function lookup({ PhoneNumber, CountryCode }) {
    const defaultCountry = (CountryCode ?? "US").toUpperCase();
    const url = `https://lookups.twilio.com/v2/PhoneNumbers/${encodeURIComponent(PhoneNumber).replace("%2B", "+")}`;
    const invalid = (error) => ({
      calling_country_code: null,
      country_code: null,
      phone_number: `+${PhoneNumber.replace(/\D/g, "")}`,
      national_format: null,
      valid: false,
      validation_errors: [error],
      ...nothing,
      url,
    });
    if (!/\d/.test(PhoneNumber) || /[^\d+().\-/\s]/.test(PhoneNumber)) return invalid("NOT_A_NUMBER");
    if (!PhoneNumber.trim().startsWith("+") && !COUNTRIES[defaultCountry]) return invalid("INVALID_COUNTRY_CODE");
    const { country, national } = split(PhoneNumber, defaultCountry);
    if (!country) return invalid("INVALID_COUNTRY_CODE");
    const number = normalise(country, national);
    const error = errorOf(country, number);
    if (error) return invalid(error);
    const { code, spell } = COUNTRIES[country];
    return {
      calling_country_code: code,
      country_code: country,
      phone_number: `+${code}${number}`,
      national_format: spell(number),
      valid: true,
      validation_errors: [],
      ...nothing,
      url,
    };
  }

  const PERMISSIONS = [
    ["US", "United States/Canada", "+1", "NORTH_AMERICA", true, true],
    ["BR", "Brazil", "+55", "SOUTH_AMERICA", true, true],
    ["DE", "Germany", "+49", "EUROPE", true, false],
    ["GB", "United Kingdom", "+44", "EUROPE", false, false],
  ].map(([isoCode, name, code, continent, lowRisk, highRisk]) => ({
    iso_code: isoCode,
    name,
    country_codes: [code],
    continent,
    low_risk_numbers_enabled: lowRisk,
    high_risk_special_numbers_enabled: highRisk,
    high_risk_tollfraud_numbers_enabled: false,
    url: `https://voice.twilio.com/v1/DialingPermissions/Countries/${isoCode}`,
    links: { highrisk_special_prefixes: `https://voice.twilio.com/v1/DialingPermissions/Countries/${isoCode}/HighRiskSpecialPrefixes` },
  }));
  const HIGH_RISK = { DE: ["+49137", "+49180", "+49900"], GB: ["+4470", "+449"] };

  function permission({ IsoCode }) {
    const found = PERMISSIONS.find((country) => country.iso_code === IsoCode.toUpperCase());
    if (!found) throw notFound(`/v1/DialingPermissions/Countries/${IsoCode}`);
    return found;
  }

  function listPermissions(params, request) {
    const wanted = params.CountryCode?.replace(/^\+?/, "+");
    const filters = {
      LowRiskNumbersEnabled: "low_risk_numbers_enabled",
      HighRiskSpecialNumbersEnabled: "high_risk_special_numbers_enabled",
      HighRiskTollfraudNumbersEnabled: "high_risk_tollfraud_numbers_enabled",
    };
    return page(
      request,
      "content",
      PERMISSIONS.filter(
        (country) =>
          (!params.IsoCode || country.iso_code === params.IsoCode.toUpperCase()) &&
          (!params.Continent || country.continent === params.Continent) &&
          (!wanted || country.country_codes.includes(wanted)) &&
          Object.entries(filters).every(([name, field]) => params[name] === undefined || country[field] === params[name]),
      ),
    );
  }

  const voice = {
    FetchDialingPermissionsCountry: permission,
    ListDialingPermissionsCountry: listPermissions,
    ListDialingPermissionsHrsPrefixes: (params, request) =>
      page(
        request,
        "content",
        (HIGH_RISK[permission(params).iso_code] ?? []).map((prefix) => ({ prefix })),
      ),
  };

  return { services: { "lookups/v2": { FetchPhoneNumber: lookup }, "voice/v1": voice } };
}
