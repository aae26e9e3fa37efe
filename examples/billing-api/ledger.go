package main

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// money is an amount in hundredths, written in JSON as a number with two
// decimals (129.50). It never passes through a float.
type money int64

// MarshalJSON implements json.Marshaler.
func (m money) MarshalJSON() ([]byte, error) { //nolint:unparam // the interface asks for an error
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	return fmt.Appendf(nil, "%s%d.%02d", sign, m/100, m%100), nil
}

var moneyForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})(?:\.([0-9]{1,2}))?$`)

func (m *money) UnmarshalJSON(text []byte) error {
	parts := moneyForm.FindStringSubmatch(string(text))
	if parts == nil {
		return errAmount
	}
	hundredths, err := strconv.ParseInt(parts[1]+(parts[2] + "00")[:2], 10, 64)
	*m = money(hundredths)
	return err
}

type invoice struct {
	ID     string `json:"id"`
	Date   string `json:"date"`
	Amount money  `json:"amount"`
	Status string `json:"status"`
}

type bill struct {
	CustomerID string    `json:"customer_id"`
	Plan       string    `json:"plan"`
	Balance    money     `json:"balance"` // what the customer owes
	Currency   string    `json:"currency"`
	Invoices   []invoice `json:"invoices"`
}

type refund struct {
	ID         string `json:"refund_id"`
	CustomerID string `json:"customer_id"`
	Amount     money  `json:"amount"`
	Currency   string `json:"currency"`
	Reason     string `json:"reason"`
}

const (
	maxRefunds     = 1000 // bounds what a demo keeps in memory
	maxReasonRunes = 200
)

var (
	errUnknownCustomer = errors.New("there is no such customer: try cust_42")
	errAmount          = errors.New("amount: want more than 0 and no more than the customer has paid")
	errReason          = fmt.Errorf("reason: want 1 to %d characters", maxReasonRunes)
	errFull            = errors.New("this demo records no more refunds until it is started anew")
)

// ledger holds the customers and their refunds.
type ledger struct {
	mu       sync.Mutex
	bills    map[string]bill
	refunded map[string]money // by customer
	refunds  int
}

func newLedger() *ledger {
	l := &ledger{bills: map[string]bill{}, refunded: map[string]money{}}
	for _, b := range []bill{
		{"cust_7", "starter", 0, "EUR", []invoice{{"inv_2026_0107", "2026-04-01", 1900, "paid"}, {"inv_2026_0214", "2026-05-01", 1900, "paid"}}},
		{"cust_42", "team", 12950, "EUR", []invoice{{"inv_2026_0142", "2026-04-01", 12950, "paid"}, {"inv_2026_0242", "2026-05-01", 12950, "open"}}},
		{"cust_99", "enterprise", 240000, "USD", []invoice{{"inv_2026_0099", "2026-05-01", 240000, "overdue"}}},
		{"cust_123", "free", 0, "USD", []invoice{}},
	} {
		l.bills[b.CustomerID] = b
	}
	return l
}

// bill returns a customer's bill, or errUnknownCustomer.
func (l *ledger) bill(customerID string) (bill, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.bills[customerID]
	if !ok {
		return bill{}, errUnknownCustomer
	}
	return b, nil
}

// refund records a refund of up to what the customer has paid. Its errors are
// the ones above.
func (l *ledger) refund(customerID string, amount money, reason string) (refund, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > maxReasonRunes {
		return refund{}, errReason
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b, ok := l.bills[customerID]
	if !ok {
		return refund{}, errUnknownCustomer
	}
	left := -l.refunded[customerID]
	for _, i := range b.Invoices {
		if i.Status == "paid" {
			left += i.Amount
		}
	}
	switch {
	case amount <= 0 || amount > left:
		return refund{}, errAmount
	case l.refunds >= maxRefunds:
		return refund{}, errFull
	}
	l.refunds++
	l.refunded[customerID] += amount
	return refund{fmt.Sprintf("ref_%04d", l.refunds), customerID, amount, b.Currency, reason}, nil
}
