# What a fresh Tryton needs before anything can be posted to it, for Tryton.pm:
#
#     tryton_seed.py trytond.conf

import datetime
import sys

from proteus import Model, config
from trytond.modules.account.tests.tools import (
    create_chart, create_fiscalyear, get_accounts)
from trytond.modules.account_invoice.tests.tools import (
    create_payment_term, set_fiscalyear_invoice_sequences)
from trytond.modules.company.tests.tools import create_company, get_company

session = config.set_trytond('erp', config_file=sys.argv[1])

create_company()
company = get_company()
Company = Model.get('company.company')
User = Model.get('res.user')
Group = Model.get('res.group')


def employ(user):
    user.companies.append(Company(company.id))
    user.company = Company(company.id)


admin, = User.find([('login', '=', 'admin')])
employ(admin)
admin.save()
session._context = User.get_preferences(True, session.context)

today = datetime.date.today()

for year in (today.year, today.year + 1):
    fiscalyear = create_fiscalyear(company, today.replace(year=year, day=1))
    set_fiscalyear_invoice_sequences(fiscalyear).click('create_period')

create_chart(company)
accounts = get_accounts(company)
create_payment_term().save()

Category = Model.get('product.category')
Category(name='Hospital', accounting=True,
         account_expense=accounts['expense'],
         account_revenue=accounts['revenue']).save()

# who is invoiced if nobody else is, and where visits are counted

Model.get('party.party')(name='Self payers').save()
Model.get('analytic_account.account')(name='Visits', type='root').save()

# the engine's user may do what its groups may, and does not administrate

engine = User(name='Interface engine', login='hie')
engine.password = 'Engine-pw-2026!'
employ(engine)

for group in Group.find([]):
    if group.name != 'Administration':
        engine.groups.append(Group(group.id))

engine.save()
