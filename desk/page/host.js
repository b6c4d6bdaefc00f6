// Flex UI and the globals that plugins expect. `require`, not `import`: Flex requires the CommonJS copies, and a second copy
// of react-redux would be a second store.
window.React = require("react");
window.ReactDOM = require("react-dom");
window.Redux = require("redux");
window.ReactRedux = require("react-redux");
window.Twilio = { ...window.Twilio, Flex: require("@twilio/flex-ui") };
